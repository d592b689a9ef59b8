"""Repos as buckets."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from xml.etree.ElementTree import SubElement

from fastapi import Response

from datavc.access import quotas
from datavc.errors import AlreadyExists, InvalidName
from datavc.versioning import repos
from datavc_server.s3.access import Action
from datavc_server.s3.address import repo_row
from datavc_server.s3.condition import xml_time
from datavc_server.s3.error import S3Error
from datavc_server.s3.gateway import Gateway
from datavc_server.s3.incoming import Incoming
from datavc_server.s3.listing import add_owner, list_objects, list_objects_v2
from datavc_server.s3.xml import add, document, render

#: The one region that there is. Clients may sign for any.
REGION = "us-east-1"


def list_buckets(gateway: Gateway, incoming: Incoming) -> Response:
    """ListBuckets: every repo that may be read."""
    caller = incoming.signed.caller
    prefix = incoming.query.get("prefix", "")
    root = document("ListAllMyBucketsResult")
    add_owner(root, "Owner")
    buckets = SubElement(root, "Buckets")
    for name, created_us in _buckets(gateway):
        if name.startswith(prefix) and caller.may_read(name):
            bucket = SubElement(buckets, "Bucket")
            add(bucket, "Name", name)
            add(bucket, "CreationDate", xml_time(created_us))
    return render(root)


def _buckets(gateway: Gateway) -> Iterator[tuple[str, int]]:
    """All buckets, and when they were made."""
    if gateway.job is not None:
        for name in gateway.job.names():
            yield name, gateway.job.session.created_us
        return
    for info in repos.list_repos(gateway.vs):
        yield info.name, info.created_us


def head_bucket(gateway: Gateway, incoming: Incoming) -> Response:
    """HeadBucket."""
    _check_bucket(gateway, incoming)
    return Response(headers={"x-amz-bucket-region": REGION})


def create_bucket(gateway: Gateway, incoming: Incoming) -> Response:
    """CreateBucket makes a repo."""
    incoming.allow(Action.CREATE)
    holder, db = incoming.signed.caller.holder, gateway.vs.db
    if holder is not None:
        quotas.check_new_repo(db, holder)
    try:
        repos.create_repo(gateway.vs, incoming.bucket, author=incoming.account)
    except InvalidName as error:
        raise S3Error(HTTPStatus.BAD_REQUEST, "InvalidBucketName", str(error)) from None
    except AlreadyExists as error:
        raise S3Error(HTTPStatus.CONFLICT, "BucketAlreadyOwnedByYou", error.message) from None
    if holder is not None:
        quotas.own_repo(db, holder, incoming.bucket)
    return Response(headers={"Location": f"/{incoming.bucket}"})


def get_location(gateway: Gateway, incoming: Incoming) -> Response:
    """GetBucketLocation; the document is empty for the default region."""
    _check_bucket(gateway, incoming)
    return render(document("LocationConstraint"))


def get_versioning(gateway: Gateway, incoming: Incoming) -> Response:
    """GetBucketVersioning: objects have no versions of their own, commits keep them."""
    _check_bucket(gateway, incoming)
    return render(document("VersioningConfiguration"))


def list_bucket(gateway: Gateway, incoming: Incoming) -> Response:
    """ListObjects and ListObjectsV2."""
    incoming.allow(Action.READ)
    query = dict(incoming.query)
    if query.get("list-type") == "2":
        return list_objects_v2(gateway, incoming.bucket, query)
    return list_objects(gateway, incoming.bucket, query)


def _check_bucket(gateway: Gateway, incoming: Incoming) -> None:
    incoming.allow(Action.READ)
    if gateway.job is not None:
        return
    with gateway.vs.db.read() as conn:
        repo_row(conn, incoming.bucket)
