"""URIs of what lies elsewhere: files, objects in buckets, and what a web server offers.

A URI that is kept has one form only, holds no credentials, and is the same for whoever reads it.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from datavc.errors import InvalidAddress

#: Longest URI that is kept, in characters.
MAX_URI = 8192

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
_PLAIN = "/~!$&'()*+,;=:@"
_FORBIDDEN = re.compile(r"[^\x21-\x7e]")
#: Parameters by which servers let somebody in.
_SECRETS = frozenset(
    (
        "access_token",
        "api_key",
        "apikey",
        "auth",
        "key",
        "password",
        "secret",
        "sig",
        "signature",
        "token",
        "x-amz-credential",
        "x-amz-security-token",
        "x-amz-signature",
        "x-goog-credential",
        "x-goog-signature",
    )
)


def scheme_of(text: str) -> str:
    """The scheme of a URI, in lower case; ``""`` for a local path."""
    found = _SCHEME.match(text)
    return found[1].lower() if found else ""


def is_remote(text: str) -> bool:
    """Whether *text* is a URI of another place than this machine's files."""
    return scheme_of(text) not in ("", "file")


def object_uri(bucket: str, key: str) -> str:
    """The URI of an object in a bucket."""
    return f"s3://{bucket}/{quote(key, safe=_PLAIN)}"


def split_object(uri: str) -> tuple[str, str]:
    """Bucket and key (or prefix) of an ``s3://`` URI.

    Raises:
        InvalidAddress: it names no bucket.
    """
    parts = _split(uri)
    if parts.scheme != "s3" or not _BUCKET.fullmatch(parts.netloc) or parts.query or parts.fragment:
        raise InvalidAddress(
            f"{shown(uri)!r} names no bucket",
            hint="use s3://bucket/prefix; '?' and '#' in a key are written %3F and %23",
        )
    return parts.netloc, unquote(parts.path[1:])


def file_uri(path: str) -> str:
    """The URI of a local file, given by its absolute path.

    Raises:
        InvalidAddress: the path is not UTF-8.
    """
    try:
        return f"file://{quote(path, safe=_PLAIN)}"
    except UnicodeEncodeError:
        raise InvalidAddress(f"{path!r} is not UTF-8", hint="rename the file") from None


def file_path(uri: str) -> str:
    """The path of a ``file://`` URI.

    Raises:
        InvalidAddress: it is not an absolute path of this machine.
    """
    parts = _split(uri)
    path = unquote(parts.path)
    if (
        parts.scheme != "file"
        or parts.netloc not in ("", "localhost")
        or not path.startswith("/")
        or "\0" in path
        or parts.query
        or parts.fragment
    ):
        raise InvalidAddress(f"{shown(uri)!r} names no local file", hint="use file:///folder/file")
    return path


def check_web(uri: str) -> SplitResult:
    """The parts of an ``http://`` or ``https://`` URI that may be asked for.

    Raises:
        InvalidAddress: it is malformed, or holds a user's name or password.
    """
    parts = _split(uri)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidAddress(f"{shown(uri)!r} is no web address", hint="use https://host/path")
    if parts.username is not None or parts.password is not None:
        raise InvalidAddress(
            f"{shown(uri)!r} was given with a user's name or password, which would be logged",
            hint="leave it out; use an address that needs none, or fetch the file yourself",
        )
    try:
        _ = parts.port
    except ValueError:
        raise InvalidAddress(f"{shown(uri)!r} has an impossible port") from None
    if len(uri) > MAX_URI or _FORBIDDEN.search(uri):
        raise InvalidAddress(
            f"{shown(uri)!r} is malformed", hint="write spaces and other signs as %20 and the like"
        )
    return parts


def check_kept(uri: str) -> None:
    """Make sure that a URI may be kept: it has its one form, and lets nobody in.

    Raises:
        InvalidAddress: it is malformed, of another form or scheme, or holds credentials.
    """
    scheme = scheme_of(uri)
    if len(uri) > MAX_URI:
        raise InvalidAddress(f"a URI of {len(uri)} characters is longer than {MAX_URI}")
    if scheme in ("http", "https"):
        parts = check_web(uri)
        secret = next((name for name, _ in parse_qsl(parts.query) if name.lower() in _SECRETS), "")
        if secret or parts.fragment:
            what = f"the parameter {secret!r}, which may let others in" if secret else "a '#' part"
            raise InvalidAddress(
                f"{shown(uri)!r} was given with {what}", hint="leave it out, or put a copy instead"
            )
    elif scheme == "s3":
        bucket, key = split_object(uri)
        if not key or key.endswith("/") or object_uri(bucket, key) != uri:
            raise InvalidAddress(f"{shown(uri)!r} is not the plain form of an object's URI")
        _check_parts(uri, key)
    elif scheme == "file":
        path = file_path(uri)
        if path.endswith("/") or file_uri(path) != uri:
            raise InvalidAddress(f"{shown(uri)!r} is not the plain form of a file's URI")
        _check_parts(uri, path[1:])
    else:
        raise InvalidAddress(
            f"{shown(uri)!r} has an unknown scheme", hint="use s3, https, http or file"
        )


def shown(uri: str) -> str:
    """A URI as it may be told and logged: without user, password, query and fragment."""
    found = _SCHEME.match(uri)
    if found is None:
        return uri
    rest = re.split(r"[?#]", uri[found.end() :], maxsplit=1)[0]
    host, slash, path = rest.partition("/")
    return f"{found[0]}{host.rpartition('@')[2]}{slash}{path}"


def _check_parts(uri: str, path: str) -> None:
    if any(part in ("", ".", "..") for part in path.split("/")):
        raise InvalidAddress(f"{shown(uri)!r} holds an empty part, '.' or '..'")


def _split(uri: str) -> SplitResult:
    try:
        return urlsplit(uri)
    except ValueError:
        raise InvalidAddress(f"{shown(uri)!r} is malformed") from None
