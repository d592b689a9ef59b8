"""Which request is which operation, and that the reference has them all."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from starlette.datastructures import Headers

from datavc_server.request_facts import RequestFacts
from datavc_server.s3 import buckets, multipart, operation, reads, writes
from datavc_server.s3.access import Caller
from datavc_server.s3.authentication import Authenticated
from datavc_server.s3.error import S3Error
from datavc_server.s3.incoming import Incoming
from datavc_server.s3.operation import find_operation
from datavc_server.s3.signature import Scope, SigningKey

_PAGE = Path(__file__).parents[4] / "docs" / "reference" / "s3.md"
_NAME = re.compile(r"\b[A-Z][a-z]+(?:[A-Z][a-z]*)+(?:V2)?\b")


def asked(method: str, place: str, *query: str, **headers: str) -> Incoming:
    bucket, _, key = place.partition("/")
    signed = Authenticated(
        Caller("key", "ana", False), "", "", SigningKey("secret", Scope("20261125", "x"), "")
    )
    named = Headers({name.replace("_", "-"): value for name, value in headers.items()})
    values = dict.fromkeys(query, "1")
    facts = RequestFacts("1", "127.0.0.1", method)
    return Incoming(method, bucket, key, values, named, signed, facts, io.BytesIO())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("incoming", "found"),
    [
        (asked("GET", ""), buckets.list_buckets),
        (asked("GET", "data"), buckets.list_bucket),
        (asked("GET", "data", "list-type", "prefix"), buckets.list_bucket),
        (asked("GET", "data/"), buckets.list_bucket),
        (asked("GET", "data", "location"), buckets.get_location),
        (asked("POST", "data", "delete"), writes.delete_objects),
        (asked("GET", "data/main/a"), reads.get_object),
        (asked("PUT", "data/main/a"), writes.put_object),
        (asked("PUT", "data/main/a", x_amz_copy_source="b/c"), writes.copy_object),
        (asked("PUT", "data/main/a", "partNumber", "uploadId"), multipart.upload_part),
        (
            asked("PUT", "data/main/a", "partNumber", "uploadId", x_amz_copy_source="b/c"),
            multipart.copy_part,
        ),
        (asked("POST", "data/main/a", "uploads"), multipart.begin_upload),
        (asked("DELETE", "data/main/a", "uploadId"), multipart.abort_upload),
    ],
)
def test_operations(incoming: Incoming, found: object) -> None:
    assert find_operation(incoming) is found


@pytest.mark.parametrize(
    "incoming",
    [
        asked("PUT", "data", "policy"),
        asked("GET", "data/main/a", "acl"),
        asked("DELETE", "data"),
        asked("DELETE", ""),
        asked("PATCH", "data/main/a"),
        asked("POST", "data/main/a"),
        # Not taken for the removal of the object.
        asked("DELETE", "data/main/a", "tagging"),
    ],
)
def test_what_is_not_there(incoming: Incoming) -> None:
    with pytest.raises(S3Error) as caught:
        find_operation(incoming)
    assert caught.value.code == "NotImplemented"


def test_the_reference_has_every_operation() -> None:
    carried_out = {
        *operation._OF_BUCKET.values(),
        *operation._OF_OBJECT.values(),
        *operation._PLAIN_OF_BUCKET.values(),
        *operation._PLAIN_OF_OBJECT.values(),
        buckets.list_buckets,
        writes.copy_object,
        multipart.copy_part,
    }
    names = {
        name for one in carried_out for name in _NAME.findall((one.__doc__ or "").splitlines()[0])
    }
    assert len(names) >= len(carried_out)
    table = _PAGE.read_text(encoding="utf-8").partition("## Signatures")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| ")]
    assert names == set(_NAME.findall(" ".join(rows)))
