"""What the commands on working copies print."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from datavc_cli.invocation import Invocation
from datavc_cli.output import write_json, write_line
from datavc_cli.wording import count, safe, short

if TYPE_CHECKING:
    from datavc.model.working_copy import CopyStatus, CopyUpdate

_WORDS = {"added": "new", "removed": "removed", "modified": "modified"}
#: Conflicts told one by one; `--json` tells all.
_TOLD = 50
#: As for every conflict.
_CONFLICT = 4


def copy_ahead(named: Sequence[str] | None) -> AbstractContextManager[None]:
    """Read the working copy ahead, where no branch is *named* and so that is what is meant."""
    if named:
        return nullcontext()
    from datavc.client.reading_ahead import working_copy_ahead

    return working_copy_ahead()


def tell_update(invocation: Invocation, done: CopyUpdate) -> None:
    """Say what an update did, and leave with the exit code that it deserves."""
    if invocation.as_json:
        write_json(done)
    if done.conflicts:
        _tell_conflicts(invocation, done)
        raise typer.Exit(_CONFLICT)
    at = short(done.commit) + (f" ({done.ref})" if done.ref != done.commit else "")
    if not done.written and not done.removed:
        invocation.say(f"{_name(done.root)} is at {at} already")
        return
    removed = f", removed {count(done.removed, 'file')}" if done.removed else ""
    invocation.say(f"{_name(done.root)} is at {at}: wrote {count(done.written, 'file')}{removed}")


def _name(root: str) -> str:
    return "the working copy" if Path.cwd().is_relative_to(root) else shown(Path(root))


def shown(path: Path) -> str:
    """A path as it is best told to somebody in the current folder."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _tell_conflicts(invocation: Invocation, done: CopyUpdate) -> None:
    invocation.advise(f"datavc: changed here and in {short(done.commit)}, differently:")
    for path in done.conflicts[:_TOLD]:
        invocation.advise(f"  {safe(path)}")
    if len(done.conflicts) > _TOLD:
        invocation.advise(f"  and {len(done.conflicts) - _TOLD} more")
    invocation.advise(
        "hint: nothing was done; commit your changes to another branch, move the files away, or "
        "give them up with --force"
    )


def tell_status(invocation: Invocation, found: CopyStatus, limit: int) -> None:
    """Say what was changed in a working copy."""
    if invocation.as_json:
        write_json(found)
        return
    path = f":/{found.path}" if found.path else ""
    at = f"at {short(found.commit)}" if found.commit else "without a commit yet"
    ref = short(found.ref) if found.ref == found.commit else found.ref
    write_line(f"{found.repo}@{ref}{path}, {at}")
    if found.behind:
        invocation.advise(f"{found.ref} is at {short(found.behind)} by now: datavc pull")
    if not found.changes:
        invocation.advise("Nothing is changed.")
        return
    for change in islice(found.changes, limit):
        write_line(f"  {_WORDS[change.kind.value] + ':':10} {safe(change.path)}")
    if len(found.changes) > limit:
        write_line(f"  and {count(len(found.changes) - limit, 'file')} more")
    invocation.advise("Commit it: datavc commit -m MESSAGE")
