"""What is not understood is refused, and not passed over."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/gc", {"dry_run": 0}, "dry_run"),
        ("/gc", {"dryrun": True}, "dryrun"),
        ("/fsck", {"repair": "yes"}, "repair"),
        ("/purges", {"repo": "x", "path": "y", "dry-run": True}, "dry-run"),
        ("/repos", {"name": 5}, "name"),
    ],
)
def test_a_field_that_is_unknown_or_of_another_type(client, path, body, field) -> None:
    answer = client.post(path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert field in answer.json()["detail"]


def test_a_number_that_no_database_holds(client) -> None:
    answer = client.get("/pipelines/x", params={"version": 2**70})
    assert answer.status_code == 422
