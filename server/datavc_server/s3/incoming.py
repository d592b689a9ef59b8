"""A request as the gateway's operations see it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from starlette.datastructures import Headers

from datavc.access import quotas
from datavc_server.request_facts import RequestFacts
from datavc_server.s3.access import Action, check_allowed
from datavc_server.s3.address import Address, find_target
from datavc_server.s3.authentication import Authenticated
from datavc_server.s3.body import UploadBody, open_body
from datavc_server.s3.error import S3Error, invalid_argument, not_implemented
from datavc_server.s3.gateway import Gateway
from datavc_server.s3.xml import MalformedXml, parse

#: Largest document that a client sends, in bytes.
_MAX_DOCUMENT = 4 * 1024 * 1024

#: Digits of a number of bytes.
_LONGEST_NUMBER = 19

_MESSAGE_HEADERS = ("x-datavc-commit", "x-amz-meta-datavc-commit")

#: What says how an object is kept, which is not as is asked for. Other headers ask for less.
_REFUSED = (
    "x-amz-server-side-encryption-customer-",
    "x-amz-object-lock-",
    "x-amz-tagging",
    "x-amz-grant-",
    "x-amz-website-redirect-location",
)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request, whose sender is known."""

    method: str
    bucket: str
    key: str
    query: Mapping[str, str]
    headers: Headers
    signed: Authenticated
    #: For the audit log.
    facts: RequestFacts
    #: The body as it came.
    raw: io.RawIOBase

    @property
    def account(self) -> str:
        """Who is written down as the author."""
        return self.signed.caller.account

    def allow(self, action: Action, repo: str | None = None, branch: str | None = None) -> None:
        """Make sure that the caller may do *action* to the bucket's repo, or to another.

        Raises:
            S3Error: it may not.
        """
        facts, place = self.facts, self.bucket if repo is None else repo
        # What a job puts out is told by its commit.
        if action is not Action.READ and self.signed.caller.session is None:
            facts.changes = True
            facts.branch = branch or ""
        try:
            check_allowed(self.signed.caller, action, place, branch)
        except S3Error as error:
            facts.repo = place
            facts.refuse(error.message)
            raise

    def find_target(
        self, gateway: Gateway, key: str | None = None, *, root_too: bool = False
    ) -> Address:
        """The place of a branch that a key names, which the caller may write to.

        Args:
            gateway: where.
            key: the key; without one, the request's own.
            root_too: see :func:`datavc_server.s3.address.find_target`.

        Raises:
            S3Error: it may not, there is no such repo or branch, or a path cannot be so.
        """
        self.allow(Action.READ)
        named = self.key if key is None else key
        address = find_target(gateway, self.bucket, named, root_too=root_too)
        self.allow(Action.WRITE, branch=address.ref)
        return address

    def check_room(self, gateway: Gateway) -> None:
        """Make sure that the content that is announced fits into what the repo's owner may have.

        Raises:
            QuotaExceeded: it does not.
        """
        if gateway.job is not None:
            # Outputs of pipelines are nobody's.
            return
        quotas.check_bytes(gateway.vs.db, self.bucket, self.announced)

    @property
    def announced(self) -> int:
        """How many bytes of content are said to come; 0 where that is not said."""
        length = self.headers.get("x-amz-decoded-content-length") or self.headers.get(
            "content-length", "0"
        )
        return int(length) if length.isdecimal() and len(length) < _LONGEST_NUMBER else 0

    @property
    def message(self) -> str | None:
        """The message of the commit that is to land what is staged; ``None``: no commit."""
        for name in _MESSAGE_HEADERS:
            text = self.headers.get(name)
            if text is not None:
                return unquote(text)
        return None

    def body(self) -> UploadBody:
        """The content that came.

        Raises:
            S3Error: its headers do not fit together, or ask for what is not supported.
        """
        for name in self.headers:
            if name.startswith(_REFUSED):
                raise not_implemented(f"the header {name}")
        return open_body(self.headers, self.signed, self.raw)

    def document(self, name: str, *, with_checksums: bool = True) -> Element:
        """The XML document that came; *with_checksums* is as of :func:`open_body`.

        Raises:
            S3Error: it is too large, is not what the headers say, or is no such document.
        """
        body = open_body(self.headers, self.signed, self.raw, with_checksums=with_checksums)
        data = io.BufferedReader(body).read(_MAX_DOCUMENT + 1)
        if len(data) > _MAX_DOCUMENT:
            raise S3Error(
                HTTPStatus.BAD_REQUEST,
                "MaxMessageLengthExceeded",
                f"the document is larger than {_MAX_DOCUMENT} bytes",
            )
        body.finish()
        try:
            return parse(data, name)
        except MalformedXml as error:
            raise S3Error(HTTPStatus.BAD_REQUEST, "MalformedXML", str(error)) from None

    def number(self, name: str, default: int, highest: int) -> int:
        """A number of the query, cut off at *highest*.

        Raises:
            S3Error: it is none.
        """
        text = self.query.get(name)
        if text is None:
            return default
        if not text.isdecimal() or len(text) > 10:
            raise invalid_argument(f"{name} is no number")
        return min(int(text), highest)
