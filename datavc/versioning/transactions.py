"""Committing what is staged on several branches, of any repos, at once or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from datavc.errors import InvalidInput
from datavc.model.commit import Provenance
from datavc.model.commit_info import CommitInfo
from datavc.model.ids import new_id
from datavc.versioning.commits import prepare_staged
from datavc.versioning.landing import Words, land_all, until_all_landed
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
