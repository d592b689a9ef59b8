"""The command line: global options, and every verb."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Annotated

import typer

from datavc_cli.commands import (
    branch,
    cat,
    commit,
    datum,
    diff,
    get,
    info,
    job,
    lineage,
    log,
    ls,
    pipeline,
    put,
    reflog,
    repo,
    rm,
    status,
    tag,
    wait,
)
from datavc_cli.invocation import Invocation

#: Other packages add verbs by entry points of this group: a function, or a Typer of several.
PLUGINS = "datavc.commands"

_FILES = "Files"
_HISTORY = "History"
_PIPELINES = "Pipelines"
_PLACE = "This datavc"

_EPILOG = """\
Addresses are REPO@REF:/PATH. REF is a branch, a tag, a commit id or the start of one, and may be \
followed by ~2 to go back two commits; without it, the repo's default branch is meant.

Environment: DATAVC_HOME (folder of the data; ~/.datavc), DATAVC_STORE (a folder or \
s3://bucket/prefix), DATAVC_DATABASE (a database's URL), DATAVC_URL and DATAVC_TOKEN (a server, \
instead of these), DATAVC_AUTHOR (user@host), DATAVC_EXECUTOR (docker, process or auto), \
DATAVC_DEBUG=1 (show where an error came from), NO_COLOR.

Exit codes: 0 done, 1 failed, 2 wrong use or invalid input, 3 not found, 4 conflict, \
130 interrupted.
"""


def build_app() -> typer.Typer:
    """The whole command line, with what plugins add."""
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
    app.add_typer(repo.app, name="repo", rich_help_panel=_HISTORY)
    app.command("put", rich_help_panel=_FILES)(put.put)
    app.command("rm", rich_help_panel=_FILES)(rm.rm)
    app.command("ls", rich_help_panel=_FILES)(ls.ls)
    app.command("cat", rich_help_panel=_FILES)(cat.cat)
    app.command("get", rich_help_panel=_FILES)(get.get)
    app.command("status", rich_help_panel=_HISTORY)(status.status)
    app.command("commit", rich_help_panel=_HISTORY)(commit.commit)
    app.command("log", rich_help_panel=_HISTORY)(log.log)
    app.command("diff", rich_help_panel=_HISTORY)(diff.diff)
    app.add_typer(branch.app, name="branch", rich_help_panel=_HISTORY)
    app.add_typer(tag.app, name="tag", rich_help_panel=_HISTORY)
    app.command("reflog", rich_help_panel=_HISTORY)(reflog.reflog)
    app.command("lineage", rich_help_panel=_PIPELINES)(lineage.lineage)
    app.add_typer(pipeline.app, name="pipeline", rich_help_panel=_PIPELINES)
    app.add_typer(job.app, name="job", rich_help_panel=_PIPELINES)
    app.add_typer(datum.app, name="datum", rich_help_panel=_PIPELINES)
    app.command("wait", rich_help_panel=_PIPELINES)(wait.wait)
    app.command("info", rich_help_panel=_PLACE)(info.info)
    app.command("version", rich_help_panel=_PLACE)(info.version)
    _add_plugins(app)
    return app


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
    for point in sorted(entry_points(group=PLUGINS), key=lambda point: point.name):
        try:
            added = point.load()
        except ImportError:
            # What it needs was not installed with it; its verb is left out.
            continue
        if isinstance(added, typer.Typer):
            app.add_typer(added, name=point.name, rich_help_panel=_PLACE)
        else:
            app.command(point.name, rich_help_panel=_PLACE)(added)
