"""What every route works on, and the parameters that many of them take."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Depends, Header, Path, Query, Request
from pydantic import AfterValidator

from datavc.client.wire import from_hex
from datavc.engine.capacity import Share
from datavc.model.entry import PACK_ID_SIZE
from datavc.versioning.versioned_store import VersionedStore
from datavc_server.asking import Asker
from datavc_server.encoded_slash import decode_slashes
from datavc_server.fetcher import Fetcher
from datavc_server.hook_limits import HookLimits
from datavc_server.metrics import ServerMetrics
from datavc_server.news_board import NewsBoard
from datavc_server.oidc import OidcProvider
from datavc_server.presigned import Presigner
from datavc_server.probe import Probe
from datavc_server.settings import ServerSettings
from datavc_server.uploads import Uploads

#: Who is written down for a change that says nothing of its author.
ANONYMOUS = "anonymous"


@dataclass(frozen=True)
class ServerState:
    """One server's parts. Safe to share between threads."""

    vs: VersionedStore
    settings: ServerSettings
    #: How clients find out whether they can reach the store's folder; ``None`` when they are not
    #: to, or when there is none.
    probe: Probe | None
    #: Makes URLs for S3; ``None`` when the store is elsewhere.
    presigner: Presigner | None
    #: Fetches files from elsewhere.
    fetcher: Fetcher
    metrics: ServerMetrics
    #: Wakes answers that wait for news.
    news: NewsBoard
    #: Where people log in; ``None`` for nowhere.
    oidc: OidcProvider | None = None
    #: What the engine beside the server may use; ``None`` where there is no engine.
    host: Share | None = None
    hooks: HookLimits = field(default_factory=HookLimits)
    uploads: Uploads = field(default_factory=Uploads)
    #: Set when the server is about to stop, so that long answers end.
    stopping: threading.Event = field(default_factory=threading.Event)


# Coroutines, though they wait for nothing: anything else is called by a worker thread.
async def _state(request: Request) -> ServerState:
    state: ServerState = request.app.state.server
    return state


async def _author(
    asker: Asker,
    datavc_author: Annotated[
        str | None,
        Header(
            description="Who is written down; percent-encoded UTF-8. What is done by an account's "
            "token is that account's, whatever this says."
        ),
    ] = None,
) -> str:
    if not asker.caller.names_authors:
        return asker.caller.account
    return unquote(datavc_author) if datavc_author else ANONYMOUS


async def _pack(
    pack: Annotated[
        str,
        Path(
            description="Id of a pack: 32 lower-case hex digits.",
            pattern="^[0-9a-f]{32}$",
            examples=["4a" * 16],
        ),
    ],
) -> bytes:
    return from_hex(pack, PACK_ID_SIZE)


State = Annotated[ServerState, Depends(_state)]
Author = Annotated[str, Depends(_author)]
PackId = Annotated[bytes, Depends(_pack)]


def _named(description: str, *examples: str) -> Any:
    return Path(description=description, examples=list(examples))


Repo = Annotated[str, AfterValidator(decode_slashes), _named("A repo's name.", "images")]
Branch = Annotated[
    str, AfterValidator(decode_slashes), _named("A branch; a slash in it as `%2F`.", "main")
]
Tag = Annotated[str, AfterValidator(decode_slashes), _named("A tag; a slash in it as `%2F`.", "v1")]
Ref = Annotated[
    str,
    AfterValidator(decode_slashes),
    _named("A branch, tag, commit id or its unique start, or `main~2`; a slash as `%2F`", "main"),
]
FilePath = Annotated[
    str, AfterValidator(decode_slashes), _named("A file's path in the repo.", "raw/cat.jpg")
]
PipelineName = Annotated[str, AfterValidator(decode_slashes), _named("A pipeline's name.", "sizes")]
JobName = Annotated[
    str,
    AfterValidator(decode_slashes),
    _named("A job's id, or a unique start of it.", "0f3a9c5d7e1b"),
]
AccountName = Annotated[
    str, AfterValidator(decode_slashes), Path(description="An account; a slash in it as `%2F`.")
]
GroupName = Annotated[
    str, AfterValidator(decode_slashes), Path(description="A group; a slash in it as `%2F`.")
]
Limit = Annotated[int, Query(ge=1, le=10_000, description="Most items in the answer.")]
Cursor = Annotated[
    str | None, Query(description="`next` of the page before; without it, the first page.")
]
