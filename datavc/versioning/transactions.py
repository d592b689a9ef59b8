"""Committing what is staged on several branches, of any repos, at once or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection

from datavc.errors import InvalidInput
from datavc.model.change_set import StagedRecord
from datavc.model.commit import Provenance
from datavc.model.commit_info import CommitInfo
from datavc.model.ids import new_id
from datavc.versioning.commits import prepare_changes, prepare_staged
from datavc.versioning.landing import Words, land_all, until_all_landed
from datavc.versioning.relied_packs import packs_of_change_set, relying_on
from datavc.versioning.versioned_store import VersionedStore

#: Run in the transaction with the commits' ids.
Extra = Callable[[Connection, Sequence[str]], None]


def commit_together(
    vs: VersionedStore,
    targets: Sequence[tuple[str, str]],
    *,
    message: str,
    author: str,
    allow_empty: bool = False,
    extra: Extra | None = None,
) -> list[CommitInfo]:
    """Commit all that is staged on several branches, by one SQL transaction.

    Each branch gets a commit of its own; whoever sees one of them sees all.

    Args:
        vs: where.
        targets: repo and branch of each.
        message, author: of all of them.
        allow_empty: commit also where nothing is staged.
        extra: run in the same transaction; if it raises, nothing is committed.

    Raises:
        InvalidInput: there is no target, or one is named twice.
        NotFound, NothingStaged, PathConflict, Conflict, LostRace: as
            :func:`datavc.versioning.commits.commit_staged`, for any of them; nothing is committed.
    """
    ordered = sorted(targets)
    if not ordered or len(set(ordered)) != len(ordered):
        raise InvalidInput("name each branch that is to be committed once")

    def attempt() -> list[CommitInfo] | None:
        prepared = []
        for repo, branch in ordered:
            words = Words(author, message, Provenance(), new_id(), by_hand=True)
            prepared.append(prepare_staged(vs, repo, branch, words, allow_empty=allow_empty))
        return land_all(vs, prepared, extra)

    landed = until_all_landed(vs, ordered, attempt)
    by_target = dict(zip(ordered, landed, strict=True))
    return [by_target[target] for target in targets]


def commit_changes_together(
    vs: VersionedStore,
    changes: Mapping[tuple[str, str], StagedRecord],
    words: Words,
    extra: Extra | None = None,
) -> list[CommitInfo]:
    """Commit one stored change set to each of several branches, by one SQL transaction, as one run.

    Args:
        vs: where.
        changes: by repo and branch; one that changes nothing makes a commit all the same.
        words: what all of the commits say of themselves.
        extra: run in the same transaction with the commits' ids; if it raises, nothing is
            committed.

    Raises:
        NotFound, PathConflict, Conflict, LostRace: as
            :func:`datavc.versioning.commits.commit_changes`, for any of them.
    """
    ordered = sorted(changes)
    needed = {target: packs_of_change_set(vs, changes[target]) for target in ordered}

    def attempt() -> list[CommitInfo] | None:
        prepared = [
            prepare_changes(vs, *target, changes[target], words, needed[target], allow_empty=True)
            for target in ordered
        ]
        return land_all(vs, prepared, extra)

    with relying_on(vs, set().union(*needed.values())):
        return until_all_landed(vs, ordered, attempt)
