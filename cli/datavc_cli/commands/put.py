"""``datavc put``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from datavc.errors import InvalidInput
from datavc_cli.completion import complete_branch
from datavc_cli.invocation import Invocation, begin
from datavc_cli.options import Json, NoRun, Quiet
from datavc_cli.output import write_json
from datavc_cli.progress import transfer_progress
from datavc_cli.wording import count, short, size

if TYPE_CHECKING:
    from datavc import Client
    from datavc.model.file_info import PutResult
    from datavc.model.link_handling import LinkHandling

_STANDARD_INPUT = "-"


def put(
    context: typer.Context,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...", help="Files, folders, quoted globs, URLs, or - for stdin."
        ),
    ],
    destination: Annotated[
        str, typer.Argument(metavar="REPO[@BRANCH][:/PATH]", autocompletion=complete_branch)
    ],
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Put folders with all they hold.")
    ] = False,
    message: Annotated[
        str | None,
        typer.Option("--message", "-m", metavar="TEXT", help="Commit at once, with this message."),
    ] = None,
    follow_links: Annotated[
        bool, typer.Option("--follow-links", help="Put what symbolic links point at.")
    ] = False,
    keep_links: Annotated[
        bool, typer.Option("--keep-links", help="Put symbolic links as links.")
    ] = False,
    append: Annotated[
        bool, typer.Option("--append", "-a", help="Put SOURCE behind what the file PATH holds.")
    ] = False,
    no_overwrite: Annotated[
        bool, typer.Option("--no-overwrite", help="Fail where a file would be replaced.")
    ] = False,
    by_server: Annotated[
        bool, typer.Option("--by-server", help="Let the server fetch the one URL.")
    ] = False,
    no_run: NoRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Put files into a repo: staged for the next commit, or committed at once with -m.

    A PATH that ends in / (or none) is a folder to put into; any other PATH is the new name of the
    one SOURCE. If a folder of that name is there, a file goes into it, as with cp.

    A folder keeps its name, and needs -r: `put -r photos data` gives /photos/...; `photos/` or `.`
    stands for what the folder holds, as with rsync. A quoted glob keeps the folders below its fixed
    part: `put 'logs/**/*.txt' data` turns logs/a/b.txt into /a/b.txt.

    A SOURCE of the form https://, http:// or s3://bucket/key is fetched and stored; with -r,
    s3://bucket/prefix stands for all below it. `datavc import` leaves such files where they are.

    Files that the branch holds unchanged already are left out.

    JSON: a PutResult, and "jobs", an array of JobInfo.
    """
    from datavc.client.reading_ahead import put_ahead

    invocation = begin(context, as_json=as_json, quiet=quiet)
    links = _links(follow=follow_links, keep=keep_links)
    with put_ahead(sources, links), invocation.connect() as client:
        with transfer_progress(invocation, f"putting into {destination}") as progress:
            if (append or _STANDARD_INPUT in sources) and len(sources) > 1:
                raise InvalidInput(
                    "standard input, and what is appended, goes with no other source",
                    hint="put it alone",
                )
            is_stream = sources[0] == _STANDARD_INPUT
            if by_server:
                _check_fetched(sources, append=append, no_overwrite=no_overwrite)
                result = client.fetch(
                    sources[0], destination, recursive=recursive, message=message, run=False
                )
            elif append:
                result = client.append(
                    sys.stdin.buffer if is_stream else sources[0],
                    destination,
                    message=message,
                    run=False,
                    progress=progress,
                )
            elif is_stream:
                result = client.put(
                    sys.stdin.buffer,
                    destination,
                    message=message,
                    overwrite=not no_overwrite,
                    run=False,
                    progress=progress,
                )
            else:
                result = client.put(
                    sources,
                    destination,
                    recursive=recursive,
                    message=message,
                    links=links,
                    overwrite=not no_overwrite,
                    run=False,
                    progress=progress,
                )
        code = _tell(invocation, client, destination, result, no_run=no_run)
    raise typer.Exit(code)


def _tell(
    invocation: Invocation, client: Client, destination: str, result: PutResult, *, no_run: bool
) -> int:
    from datavc_cli.landing import run_pipelines, tell_jobs

    target = client.locate(destination)
    branch = f"{target.repo}@{target.ref}"
    amount = f"{count(result.files, 'file')}, {size(result.bytes)}"
    if result.unchanged:
        amount += f" ({result.unchanged:,} unchanged, left out)"
    if result.commit is None:
        if not invocation.as_json and result.staged is None:
            invocation.say(f"nothing to put: {branch} holds all of it already")
        else:
            invocation.say(f"staged {amount} on {branch}")
            invocation.advise(f"Commit it: datavc commit {branch} -m MESSAGE")
        if invocation.as_json:
            write_json({**asdict(result), "jobs": []})
        return 0
    invocation.say(f"committed {short(result.commit)} on {branch}: {amount}")
    commit = client.resolve(f"{target.repo}@{result.commit}")
    jobs = run_pipelines(invocation, client, commit, no_run=no_run)
    if invocation.as_json:
        write_json({**asdict(result), "jobs": jobs})
    return tell_jobs(invocation, jobs)


def _check_fetched(sources: list[str], *, append: bool, no_overwrite: bool) -> None:
    if len(sources) > 1 or append or no_overwrite:
        raise InvalidInput(
            "--by-server takes one URL, and neither --append nor --no-overwrite",
            hint="put each URL by itself",
        )


def _links(*, follow: bool, keep: bool) -> LinkHandling:
    from datavc.model.link_handling import LinkHandling

    if follow and keep:
        raise InvalidInput("--follow-links and --keep-links exclude each other")
    if follow:
        return LinkHandling.FOLLOW
    return LinkHandling.KEEP if keep else LinkHandling.REFUSE
