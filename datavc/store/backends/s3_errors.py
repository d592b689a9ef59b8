"""What an error of an S3 server, or of the way to it, means for whoever uses a store."""

from __future__ import annotations

import re

from datavc.errors import AccessDenied, DatavcError, NotFound, OutOfSpace, StoreUnavailable

_CODE = re.compile(r"<Code>([A-Za-z]+)</Code>")
_BOTO_CODE = re.compile(r"An error occurred \(([A-Za-z0-9]+)\)")
_STATUS = re.compile(r"status code: (\d{3})")

_FULL = {"QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "EntityTooLarge", "507"}
_DENIED = {
    "403",
    "401",
    "AccessDenied",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
}


def s3_error(error: Exception, doing: str) -> DatavcError:
    """The datavc error for *error*, which came up while *doing* (as in "writing 'x'")."""
    codes = _codes(error)
    summary = _summary(error)
    if codes & _FULL:
        return OutOfSpace(f"the bucket is full while {doing}: {summary}", hint="free some space")
    if codes & _DENIED or "Credentials" in type(error).__name__:
        return AccessDenied(
            f"the S3 server does not allow {doing}: {summary}",
            hint="check the credentials and what they may do",
        )
    if isinstance(error, FileNotFoundError) and "NoSuchBucket" not in codes:
        return NotFound(f"no such object while {doing}")
    return StoreUnavailable(
        f"the S3 store failed while {doing}: {summary}",
        hint="check the endpoint, the bucket and the network",
    )


def is_past_end(error: Exception) -> bool:
    """Whether a range was asked for that starts behind the object's end."""
    return bool(_codes(error) & {"416", "InvalidRange"})


def _codes(error: Exception) -> set[str]:
    text = str(error)
    found = [*_CODE.findall(text), *_BOTO_CODE.findall(text), *_STATUS.findall(text)]
    if type(error).__name__ == "PermissionDeniedError":
        found.append("AccessDenied")
    if type(error).__name__ == "UnauthenticatedError":
        found.append("401")
    return set(found)


def _summary(error: Exception) -> str:
    """One short line of what is often a page."""
    text = str(error)
    codes = _CODE.findall(text)
    first = text.split("\n", 1)[0].split(": <?xml", 1)[0]
    return f"{first} ({codes[0]})" if codes else first
