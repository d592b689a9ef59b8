"""What a working copy is of: a ref of a repo, and a folder in there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datavc.errors import NotFound
from datavc.model.tree.lookup import is_folder

if TYPE_CHECKING:
    from datavc.client.base import ClientBase
    from datavc.model.commit import TreeRef
    from datavc.versioning.working_copy.copy_state import CopyState


def settle_ref(client: ClientBase, repo: str, ref: str) -> tuple[str, bool]:
    """What a working copy remembers of a ref, and whether that is a branch.

    Branches and tags are remembered by name. Whatever else there is, such as ``main~1``, means one
    commit, and must not mean another one once the branch has moved.

    Raises:
        NotFound: there is no such repo, branch, tag or commit.
    """
    if any(branch.name == ref for branch in client.transport.list_branches(repo)):
        return ref, True
    if any(tag.name == ref for tag in client.transport.list_tags(repo)):
        return ref, False
    return client.transport.resolve(repo, ref).id, False


def check_prefix(state: CopyState, tree: TreeRef, client: ClientBase) -> None:
    """Make sure that the folder that is checked out is in a tree.

    Raises:
        NotFound: it is not.
    """
    if not is_folder(tree, state.prefix, client.nodes):
        raise NotFound(
            f"{state.repo}@{state.ref} has no folder '/{state.prefix.rstrip('/')}'",
            hint=f"see `datavc ls {state.repo}@{state.ref}`",
        )
