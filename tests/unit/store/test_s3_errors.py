from __future__ import annotations

import pytest

from datavc.errors import AccessDenied, NotFound, OutOfSpace, StoreUnavailable
from datavc.store.backends.s3_errors import is_past_end, s3_error


def answer(status: int, code: str) -> str:
    return (
        f"Generic S3 error: Error performing PUT http://h/b/k in 2ms - Server returned non-2xx "
        f'status code: {status} X: <?xml version="1.0"?>\n<Error><Code>{code}</Code></Error>\n\n'
        "Debug source: many more lines"
    )


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Exception(answer(403, "AccessDenied")), AccessDenied),
        (Exception(answer(403, "SignatureDoesNotMatch")), AccessDenied),
        (Exception(answer(507, "XMinioStorageFull")), OutOfSpace),
        (Exception(answer(403, "QuotaExceeded")), OutOfSpace),
        (Exception(answer(503, "SlowDown")), StoreUnavailable),
        (Exception("HTTP error: error sending request"), StoreUnavailable),
        (FileNotFoundError(answer(404, "NoSuchKey")), NotFound),
        (FileNotFoundError(answer(404, "NoSuchBucket")), StoreUnavailable),
        (
            Exception("An error occurred (AccessDenied) when calling the CreateBucket operation"),
            AccessDenied,
        ),
    ],
)
def test_kinds(error: Exception, expected: type[Exception]) -> None:
    assert type(s3_error(error, "writing 'k'")) is expected


def test_message_is_one_line_that_names_the_reason() -> None:
    error = s3_error(Exception(answer(503, "SlowDown")), "writing 'k'")
    assert "\n" not in error.message
    assert "writing 'k'" in error.message
    assert "SlowDown" in error.message


def test_range_past_the_end() -> None:
    assert is_past_end(Exception(answer(416, "InvalidRange")))
    assert not is_past_end(Exception(answer(404, "NoSuchKey")))
