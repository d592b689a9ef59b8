"""``datavc status``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from itertools import islice
from typing import Annotated

import typer

from datavc_cli.completion import complete_branch
from datavc_cli.invocation import begin
from datavc_cli.options import Json, Limit, Quiet
from datavc_cli.output import write_json
from datavc_cli.wording import count, safe, short
from datavc_cli.working_copy import copy_ahead, tell_status

_WORDS = {"added": "new file", "removed": "removed", "modified": "modified"}


def status(
    context: typer.Context,
    branch: Annotated[
        str,
        typer.Argument(
            metavar="[REPO[@BRANCH]]",
            help="Without it, the working copy that the current folder is in.",
            autocompletion=complete_branch,
        ),
    ] = "",
    limit: Limit = 100,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show what is staged on a branch, or what is changed in a working copy.

    JSON: a Status, and "changes", an array of FileChange (all of them, whatever the limit); for a
    working copy a CopyStatus.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with copy_ahead(branch), invocation.connect() as client:
        if not branch:
            tell_status(invocation, client.working_copy().status(), limit)
            return
        found = client.status(branch)
        changes = client.staged_changes(branch) if found.staged else iter(())
        if as_json:
            write_json({**asdict(found), "changes": list(changes)})
            return
        name = f"{found.repo}@{found.branch}"
        at = f"at {short(found.head)}" if found.head else "without a commit yet"
        sys.stdout.write(f"{name}, {at}\n")
        if not found.staged:
            invocation.advise(f"Nothing is staged. Put files: datavc put FILE {name}")
            return
        for change in islice(changes, limit):
            sys.stdout.write(f"  {_WORDS[change.kind.value] + ':':10} /{safe(change.path)}\n")
        more = sum(1 for _ in changes)
        if more:
            sys.stdout.write(f"  and {count(more, 'file')} more\n")
        invocation.advise(f"Commit it: datavc commit {name} -m MESSAGE")
