"""The verbs ``datavc serve`` and ``datavc engine``.

Imported whenever the command line starts, so whatever is heavy is imported by the verbs.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from datavc.client.connect import DEFAULT_HOME
from datavc.errors import DatavcError, InvalidInput

if TYPE_CHECKING:
    from datavc_server.log_format import LogFormat, LogLevel
_MAX_PORT = 65535

_Executor = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="docker, process or auto; DATAVC_EXECUTOR by default."),
]

_AllowExternal = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PREFIX",
        help="Read external files below it for others: s3://bucket/path, file:///folder, ...",
    ),
]

_AllowEgress = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PREFIX",
        help="Let pipelines write there: s3://bucket/path, or postgresql://host/database.",
    ),
]

_LogFormat = Annotated[
    Literal["text", "json"],
    typer.Option(help="Lines for people, or a JSON object each."),
]
_LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"] | None,
    typer.Option(
        help="The least that is logged: warning, or info with json.",
    ),
]


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes any that is free.")] = 8250,
    token_file: Annotated[
        Path | None,
        typer.Option(help="Holds a token that may do everything; else DATAVC_TOKEN does."),
    ] = None,
    tokens_only: Annotated[
        bool, typer.Option("--tokens-only", help="Trust no program without an account's token.")
    ] = False,
    oidc_issuer: Annotated[
        str, typer.Option(metavar="URL", help="The OIDC provider that people log in at.")
    ] = "",
    oidc_client_id: Annotated[
        str, typer.Option(metavar="ID", help="What that provider calls this server.")
    ] = "",
    direct: Annotated[
        bool, typer.Option(help="Let clients on the same disk use the store's folder.")
    ] = True,
    presigned: Annotated[
        bool, typer.Option(help="Let clients reach an S3 store by presigned URLs.")
    ] = True,
    engine: Annotated[bool, typer.Option(help="Run pipelines in this process, too.")] = True,
    executor: _Executor = None,
    allow_external: _AllowExternal = None,
    allow_egress: _AllowEgress = None,
    fetch: Annotated[bool, typer.Option(help="Fetch files from the web for clients.")] = True,
    allow_fetch: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PREFIX",
            help="Fetch from there too: an internal https://host/path, or s3://bucket/path.",
        ),
    ] = None,
    allow_webhook: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PREFIX", help="Deliver to webhooks there too: an internal https://host/path."
        ),
    ] = None,
    log_format: _LogFormat = "text",
    log_level: _LogLevel = None,
    s3: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Serve S3 clients there, too; they sign with keys of `datavc s3 key create`.",
        ),
    ] = None,
    s3_commit: Annotated[
        bool,
        typer.Option("--s3-commit", help="Commit each write by S3 at once, not only stage it."),
    ] = False,
) -> None:
    """Serve this datavc over HTTP.

    Only programs of this machine can use it, unless --host says otherwise; then there must be a
    token, or --tokens-only with accounts that have some, and who else may listen on the way decides
    whether TLS has to be put in front.
    """
    try:
        from datavc_server.serving import serve as run
        from datavc_server.settings import ServerSettings
    except ImportError as error:
        raise _not_installed(error) from None
    home, store, database = _place(context)
    settings = ServerSettings(
        host=host,
        token=_token(token_file),
        tokens_only=tokens_only,
        oidc_issuer=oidc_issuer,
        oidc_client_id=oidc_client_id,
        store=store or str(home / "store"),
        direct=direct,
        presigned=presigned,
        allow_external=tuple(allow_external or ()),
        allow_egress=tuple(allow_egress or ()),
        fetch=fetch,
        allow_fetch=tuple(allow_fetch or ()),
        allow_webhook=tuple(allow_webhook or ()),
        s3_commit=s3_commit,
    )
    s3_address = None if s3 is None else _s3_address(s3)
    run(
        home,
        settings,
        port,
        store=store,
        database=database,
        executor=executor if engine else "none",
        log=_log(log_format, log_level),
        s3=s3_address,
    )


def engine(
    context: typer.Context,
    executor: _Executor = None,
    allow_external: _AllowExternal = None,
    allow_egress: _AllowEgress = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Jobs at once; twice as many as processors, at least 16."),
    ] = None,
    cpus: Annotated[
        float | None, typer.Option(min=0.1, help="Processors for all datums; the host's.")
    ] = None,
    memory: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Memory for all datums, as 8Gi; the host's.")
    ] = None,
    gpus: Annotated[
        int | None, typer.Option(min=0, help="Graphics processors for all datums; the host's.")
    ] = None,
    drain: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Time for datums to end on SIGTERM.")
    ] = 8.0,
    metrics: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Show metrics for Prometheus there; PORT alone is this machine's own.",
        ),
    ] = None,
    log_format: _LogFormat = "text",
    log_level: _LogLevel = None,
) -> None:
    """Run pipelines for this datavc, beside others that do.

    Any number of engines share the jobs of a datavc. On SIGTERM an engine starts no more datums,
    gives those that run --drain seconds to end, and leaves the rest to others.
    """
    try:
        from datavc_server.engine_limits import EngineLimits, parse_memory
        from datavc_server.serving import run_engine
    except ImportError as error:
        raise _not_installed(error) from None
    home, store, database = _place(context)
    limits = EngineLimits(
        jobs=jobs,
        cpus=cpus,
        memory=None if memory is None else parse_memory(memory),
        gpus=gpus,
        drain_seconds=drain,
    )
    run_engine(
        home,
        store=store,
        database=database,
        executor=executor,
        allow_external=tuple(allow_external or ()),
        allow_egress=tuple(allow_egress or ()),
        limits=limits,
        metrics=metrics,
        log=_log(log_format, log_level),
    )


def _log(form: str, level: str | None) -> tuple[LogFormat, LogLevel | None]:
    from datavc_server.log_format import LogFormat, LogLevel

    return LogFormat(form), None if level is None else LogLevel(level)


def _place(context: typer.Context) -> tuple[Path, str | None, str | None]:
    """Home, store and database, as the options before the verb and the environment say."""
    home = context.find_root().params.get("home")
    folder = Path(home or os.environ.get("DATAVC_HOME") or DEFAULT_HOME).expanduser().absolute()
    return (
        folder,
        os.environ.get("DATAVC_STORE") or None,
        os.environ.get("DATAVC_DATABASE") or None,
    )


def _s3_address(text: str) -> tuple[str, int]:
    """Host and port of the S3 gateway, whose packages are there."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port[:6]) > _MAX_PORT:
        raise InvalidInput(
            f"{text!r} is not an address to listen on", hint="write HOST:PORT, as 127.0.0.1:8251"
        )
    missing = [name for name in ("awscrt", "defusedxml", "cryptography") if not find_spec(name)]
    if missing:
        raise DatavcError(
            f"serving S3 needs packages that are not installed ({', '.join(missing)})",
            hint='pip install "datavc[gateway]"',
        )
    return host, int(port)


def _token(file: Path | None) -> str | None:
    if file is None:
        return os.environ.get("DATAVC_TOKEN") or None
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise InvalidInput(f"the token file {str(file)!r} cannot be read: {reason}") from None
    if not token:
        raise InvalidInput(f"the token file {str(file)!r} is empty")
    return token


def _not_installed(error: ImportError) -> DatavcError:
    return DatavcError(
        f"serving needs packages that are not installed ({error.name})",
        hint='pip install "datavc[server]"',
    )
