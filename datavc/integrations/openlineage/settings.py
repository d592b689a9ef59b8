"""Where events go, and how they name this datavc: the variables of OpenLineage."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from datavc.errors import InvalidInput

_TRANSPORT = "OPENLINEAGE__TRANSPORT"
_ENDPOINT = "api/v1/lineage"


@dataclass(frozen=True, slots=True)
class OpenLineageSettings:
    """What the environment says."""

    #: Where events are posted; ``""`` where they go into a file.
    url: str
    api_key: str = field(repr=False)
    #: The file that they are appended to, a line each.
    file: Path | None
    #: Namespace of jobs and datasets; ``""`` for the address of the database.
    namespace: str


def from_environment() -> OpenLineageSettings:
    """Read the settings.

    Raises:
        InvalidInput: they are incomplete, or name a transport that is not supported.
    """
    kind = os.environ.get(f"{_TRANSPORT}__TYPE", "").strip().lower() or "http"
    namespace = os.environ.get("OPENLINEAGE_NAMESPACE", "").strip()
    if kind == "file":
        name = f"{_TRANSPORT}__LOG_FILE_PATH"
        path = os.environ.get(name, "").strip()
        if not path:
            raise InvalidInput(f"{name} names no file", hint="set it to where events are to go")
        return OpenLineageSettings("", "", Path(path).expanduser().absolute(), namespace)
    if kind != "http":
        raise InvalidInput(
            f"{_TRANSPORT}__TYPE is {kind!r}, which is not supported", hint="use http or file"
        )
    base = os.environ.get("OPENLINEAGE_URL") or os.environ.get(f"{_TRANSPORT}__URL") or ""
    parts = urlsplit(base.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise InvalidInput(
            "OPENLINEAGE_URL is no address of a server",
            hint="use https://host, and OPENLINEAGE_API_KEY for the key",
        )
    endpoint = os.environ.get("OPENLINEAGE_ENDPOINT") or _ENDPOINT
    url = f"{base.strip().rstrip('/')}/{endpoint.strip().lstrip('/')}"
    return OpenLineageSettings(url, os.environ.get("OPENLINEAGE_API_KEY", ""), None, namespace)
