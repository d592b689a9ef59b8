from __future__ import annotations

import json

import pytest

from datavc import errors
from datavc_cli.failures import exit_code_of, report_error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidSpec("x"), 2),
        (errors.NotFound("x"), 3),
        (errors.PathConflict("x"), 4),
        (errors.NothingStaged("x"), 4),
        (errors.StoreUnavailable("x"), 1),
        (errors.AccessDenied("x"), 1),
        (errors.DataCorrupt("x"), 1),
    ],
)
def test_exit_codes(error: errors.DatavcError, code: int) -> None:
    assert exit_code_of(error) == code


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert report_error(errors.NotFound("no \x1b", hint="look"), as_json=False) == 3
    assert capsys.readouterr().err == "datavc: no \\x1b\nhint: look\n"


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    report_error(errors.LostRace("lost", hint="again"), as_json=True)
    assert json.loads(capsys.readouterr().err) == {
        "code": "lost_race",
        "message": "lost",
        "hint": "again",
    }
