"""Names of repos, branches, tags and pipelines, and paths inside a repo: what is allowed."""

from __future__ import annotations

import re

from datavc.errors import InvalidName, InvalidPath

_REPO = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}")
_COMMIT_ID = re.compile(r"[0-9a-f]{64}")

#: Longest path inside a repo, in UTF-8 bytes.
MAX_PATH_BYTES = 4096
#: Longest part of a path between two slashes, in UTF-8 bytes.
MAX_COMPONENT_BYTES = 255


def check_repo_name(name: str) -> str:
    """Return *name* if a repo or pipeline may be called so.

    Raises:
        InvalidName: it is empty, too long, or holds a character that is not allowed.
    """
    if not _REPO.fullmatch(name) or ".." in name or name.endswith("."):
        raise InvalidName(
            f"{name!r} cannot name a repo or pipeline",
            hint="use 1 to 63 letters, digits, '_', '-' or '.', not starting with '-' or '.'",
        )
    return name


def check_ref_name(name: str) -> str:
    """Return *name* if a branch or tag may be called so.

    Raises:
        InvalidName: it is malformed, or could be taken for a commit id.
    """
    parts = name.split("/")
    malformed = (
        not _REF.fullmatch(name)
        or ".." in name
        or any(not part or part.startswith(".") or part.endswith((".", ".lock")) for part in parts)
    )
    if malformed or _COMMIT_ID.fullmatch(name):
        raise InvalidName(
            f"{name!r} cannot name a branch or tag",
            hint="use up to 200 letters, digits, '_', '-', '.' or '/', not the form of a commit id",
        )
    return name


def clean_path(path: str) -> str:
    """Normalise a path inside a repo to ``a/b/c`` (no leading slash).

    Raises:
        InvalidPath: it is empty, holds ``.``, ``..``, an empty part, a NUL or text that is not
            valid Unicode, or is too long.
    """
    cleaned = clean_prefix(path)
    if not cleaned or cleaned.endswith("/"):
        raise InvalidPath(f"{path!r} does not name a file", hint="give a path such as /folder/file")
    return cleaned


def clean_prefix(path: str) -> str:
    """Normalise a folder or path prefix inside a repo; ``/`` and the empty text give ``""``.

    A trailing slash is kept, since ``a/`` and ``a`` are different prefixes.

    Raises:
        InvalidPath: as :func:`clean_path`, but for emptiness.
    """
    cleaned = path[1:] if path.startswith("/") else path
    if "\0" in cleaned:
        raise InvalidPath(f"{path!r} holds a NUL character")
    try:
        encoded = cleaned.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidPath(
            f"{path!r} is not valid Unicode", hint="rename the file to a UTF-8 name"
        ) from None
    if len(encoded) > MAX_PATH_BYTES:
        raise InvalidPath(f"path of {len(encoded)} bytes is longer than {MAX_PATH_BYTES}")
    parts = cleaned.split("/")
    if parts and parts[-1] == "":
        parts.pop()
    for part in parts:
        _check_component(path, part)
    return cleaned


def _check_component(path: str, part: str) -> None:
    if part in ("", ".", ".."):
        raise InvalidPath(
            f"{path!r} holds the part {part!r}", hint="give a plain path inside the repo"
        )
    if len(part) * 4 > MAX_COMPONENT_BYTES and len(part.encode("utf-8")) > MAX_COMPONENT_BYTES:
        raise InvalidPath(f"a part of {path!r} is longer than {MAX_COMPONENT_BYTES} bytes")
