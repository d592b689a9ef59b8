"""The command line: global options, and every verb."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Annotated, Any

import typer

from datavc_cli.examples import help_of
from datavc_cli.invocation import Invocation

#: Other packages add verbs by entry points of this group: a function, or a Typer of several.
PLUGINS = "datavc.commands"

_FILES = "Files"
_COPIES = "Working copies"
_HISTORY = "History"
_PIPELINES = "Pipelines"
_PLACE = "This datavc"

#: Every verb: its panel in the help, its module, and what that calls it.
_VERBS = {
    "put": (_FILES, "put", "put"),
    "import": (_FILES, "import_", "import_"),
    "rm": (_FILES, "rm", "rm"),
    "ls": (_FILES, "ls", "ls"),
    "cat": (_FILES, "cat", "cat"),
    "get": (_FILES, "get", "get"),
    "export": (_FILES, "export", "export"),
    "checkout": (_COPIES, "checkout", "checkout"),
    "pull": (_COPIES, "pull", "pull"),
    "switch": (_COPIES, "switch", "switch"),
    "restore": (_COPIES, "restore", "restore"),
    "repo": (_HISTORY, "repo", "app"),
    "status": (_HISTORY, "status", "status"),
    "commit": (_HISTORY, "commit", "commit"),
    "reset": (_HISTORY, "reset", "reset"),
    "log": (_HISTORY, "log", "log"),
    "show": (_HISTORY, "show", "show"),
    "diff": (_HISTORY, "diff", "diff"),
    "merge": (_HISTORY, "merge", "merge"),
    "revert": (_HISTORY, "revert", "revert"),
    "cherry-pick": (_HISTORY, "cherry_pick", "cherry_pick"),
    "undo": (_HISTORY, "undo", "undo"),
    "branch": (_HISTORY, "branch", "app"),
    "tag": (_HISTORY, "tag", "app"),
    "reflog": (_HISTORY, "reflog", "reflog"),
    "lineage": (_PIPELINES, "lineage", "lineage"),
    "reproduce": (_PIPELINES, "reproduce", "reproduce"),
    "pipeline": (_PIPELINES, "pipeline", "app"),
    "job": (_PIPELINES, "job", "app"),
    "datum": (_PIPELINES, "datum", "app"),
    "secret": (_PIPELINES, "secret", "app"),
    "webhook": (_PIPELINES, "webhook", "app"),
    "logs": (_PIPELINES, "logs", "logs"),
    "wait": (_PIPELINES, "wait", "wait"),
    "du": (_PLACE, "du", "du"),
    "gc": (_PLACE, "gc", "gc"),
    "purge": (_PLACE, "purge", "purge"),
    "auth": (_PLACE, "auth", "app"),
    "audit": (_PLACE, "audit", "app"),
    "retention": (_PLACE, "retention", "app"),
    "s3": (_PLACE, "s3", "app"),
    "fsck": (_PLACE, "fsck", "fsck"),
    "info": (_PLACE, "info", "info"),
    "version": (_PLACE, "info", "version"),
}

_GLOBAL_OPTIONS = ("--home", "--url", "--author")

_EPILOG = """\
Addresses are REPO@REF:/PATH. REF is a branch, a tag, a commit id or the start of one, and may be \
followed by ~2 to go back two commits, ^2 for the second parent of a merge, @{1} or \
'@{2 days ago}' for where it stood then; without it, the repo's default branch is meant.

Environment: DATAVC_HOME (folder of the data; ~/.datavc), DATAVC_STORE (a folder or \
s3://bucket/prefix), DATAVC_DATABASE (a database's URL), DATAVC_URL and DATAVC_TOKEN (a server, \
instead of these, and a token for it, before the one that `datavc auth login` keeps), \
DATAVC_AUTHOR (user@host), DATAVC_EXECUTOR (docker, process or auto), \
DATAVC_SECRET_KEY (the key of secrets, in base64; else the file secret.key in DATAVC_HOME), \
DATAVC_S3_ENDPOINT (the URL of the S3 gateway, for engines apart from `datavc serve --s3`), \
DATAVC_DEBUG=1 (show where an error came from), NO_COLOR.

Exit codes: 0 done, 1 failed, 2 wrong use or invalid input, 3 not found, 4 conflict, \
130 interrupted.
"""


def build_app(arguments: Sequence[str] = ()) -> typer.Typer:
    """The command line, with what plugins add.

    Where *arguments* name one of the verbs above, it has that one alone: to read in all of them
    takes longer than most verbs do.
    """
    app = typer.Typer(
        name="datavc",
        help="Git for data, with pipelines that run themselves.",
        epilog=_EPILOG,
        no_args_is_help=True,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
    )
    app.callback()(_global_options)
    verb = next(words_of(arguments), "")
    for name in [verb] if verb in _VERBS else _VERBS:
        _add(app, name)
    if verb not in _VERBS:
        _add_plugins(app)
    return app


def words_of(arguments: Sequence[str]) -> Iterator[str]:
    """The arguments that are no options; the first one is the verb."""
    words = iter(arguments)
    for word in words:
        if word in _GLOBAL_OPTIONS:
            next(words, None)
        elif not word.startswith("-"):
            yield word


def _add(app: typer.Typer, name: str) -> None:
    panel, module, attribute = _VERBS[name]
    added = getattr(import_module(f"datavc_cli.commands.{module}"), attribute)
    _register(app, name, added, panel)


def _register(app: typer.Typer, name: str, added: Any, panel: str) -> None:
    if not isinstance(added, typer.Typer):
        app.command(name, help=help_of(name, added), rich_help_panel=panel)(added)
        return
    _explain(added, name)
    app.add_typer(added, name=name, rich_help_panel=panel)


def _explain(added: typer.Typer, name: str) -> None:
    """Put the examples into the help of a noun's commands, and of those of the nouns below it."""
    for one in added.registered_commands:
        word = one.name or getattr(one.callback, "__name__", "")
        one.help = help_of(f"{name} {word}", one.callback)
    for group in added.registered_groups:
        if group.typer_instance is not None:
            _explain(group.typer_instance, f"{name} {group.name}")


def _global_options(
    context: typer.Context,
    home: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Where the data is kept.")
    ] = None,
    url: Annotated[str | None, typer.Option(metavar="URL", help="The server to use.")] = None,
    author: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who is written down for changes.")
    ] = None,
) -> None:
    context.obj = Invocation(home=home, url=url, author=author)


def _add_plugins(app: typer.Typer) -> None:
    from importlib.metadata import entry_points

    for point in sorted(entry_points(group=PLUGINS), key=lambda point: point.name):
        try:
            added = point.load()
        except ImportError:
            # What it needs was not installed with it; its verb is left out.
            continue
        _register(app, point.name, added, _PLACE)
