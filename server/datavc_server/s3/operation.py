"""Which operation a request asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi import Response

from datavc_server.s3 import buckets, multipart, reads, writes
from datavc_server.s3.error import S3Error, not_implemented
from datavc_server.s3.gateway import Gateway
from datavc_server.s3.incoming import Incoming

Operation = Callable[[Gateway, Incoming], Response]

_COPY = "x-amz-copy-source"

#: What a query parameter asks for, by method: of a bucket, and of an object.
_OF_BUCKET: Mapping[tuple[str, str], Operation] = {
    ("GET", "location"): buckets.get_location,
    ("GET", "versioning"): buckets.get_versioning,
    ("GET", "uploads"): multipart.list_uploads,
    ("POST", "delete"): writes.delete_objects,
}
_OF_OBJECT: Mapping[tuple[str, str], Operation] = {
    ("GET", "tagging"): reads.get_tagging,
    ("GET", "uploadId"): multipart.list_parts,
    ("POST", "uploads"): multipart.begin_upload,
    ("POST", "uploadId"): multipart.complete_upload,
    ("PUT", "uploadId"): multipart.upload_part,
    ("DELETE", "uploadId"): multipart.abort_upload,
}
_PLAIN_OF_BUCKET: Mapping[str, Operation] = {
    "GET": buckets.list_bucket,
    "HEAD": buckets.head_bucket,
    "PUT": buckets.create_bucket,
}
_PLAIN_OF_OBJECT: Mapping[str, Operation] = {
    "GET": reads.get_object,
    "HEAD": reads.get_object,
    "PUT": writes.put_object,
    "DELETE": writes.delete_object,
}

#: Parameters that ask for an operation of their own.
_SUBRESOURCES = frozenset(
    {
        "abac", "accelerate", "acl", "analytics", "attributes", "cors", "delete", "encryption",
        "intelligent-tiering", "inventory", "legal-hold", "lifecycle", "location", "logging",
        "metadataConfiguration", "metadataTable", "metrics", "notification", "object-lock",
        "ownershipControls", "policy", "policyStatus", "publicAccessBlock", "renameObject",
        "replication", "requestPayment", "restore", "retention", "select", "session", "tagging",
        "torrent", "uploadId", "uploads", "versioning", "versions", "website",
    }
)  # fmt: skip


def find_operation(incoming: Incoming) -> Operation:
    """The operation.

    Raises:
        S3Error: the gateway has none such.
    """
    asked = sorted(_SUBRESOURCES.intersection(incoming.query))
    if not incoming.bucket:
        if incoming.method == "GET" and not asked:
            return buckets.list_buckets
        raise _unknown(incoming, asked)
    special, plain = (
        (_OF_OBJECT, _PLAIN_OF_OBJECT) if incoming.key else (_OF_BUCKET, _PLAIN_OF_BUCKET)
    )
    found = special.get((incoming.method, asked[0])) if asked else plain.get(incoming.method)
    if found is None:
        raise _unknown(incoming, asked)
    if _COPY in incoming.headers:
        return _copying(found)
    return found


def _copying(found: Operation) -> Operation:
    copying: Mapping[Operation, Operation] = {
        writes.put_object: writes.copy_object,
        multipart.upload_part: multipart.copy_part,
    }
    return copying.get(found, found)


def _unknown(incoming: Incoming, asked: list[str]) -> S3Error:
    what = "an object" if incoming.key else "a bucket" if incoming.bucket else "the service"
    named = f"?{asked[0]}" if asked else ""
    return not_implemented(f"{incoming.method} {named} of {what}".replace("  ", " "))
