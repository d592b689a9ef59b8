"""Egress to a bucket: the objects below a prefix are what the output commit holds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from datavc.model.commit import TreeRef
from datavc.versioning.export.mirror import MirrorSource, plan_mirror
from datavc.versioning.export.target import open_target
from datavc.versioning.resolve import get_tree
from datavc.versioning.versioned_store import VersionedStore


def write_to_bucket(
    vs: VersionedStore, url: str, repo: str, commit: str, tree: TreeRef, check: Callable[[], None]
) -> str:
    """Write what differs from what the egress before has left, and remove what is gone.

    Args:
        vs: where the commit is.
        url: ``s3://bucket/prefix``.
        repo: the output repo.
        commit: what is to be there.
        tree: its tree.
        check: called after every file; raises when the job is not this engine's any more.

    Returns:
        What was done, in words.

    Raises:
        Conflict: the prefix holds something else that was exported.
        AccessDenied, StoreUnavailable: what the bucket says.
        DatavcError: the packages for S3 are not installed.
    """
    target = open_target(url, vs.objects)
    source = MirrorSource(repo, commit, tree, "", vs.nodes, partial(get_tree, vs))
    plan = plan_mirror(source, target, url)
    if plan.before.commit == commit and not plan.before.under_way:
        return "nothing has changed"

    def progress(_files: int, _size: int) -> None:
        check()

    plan.carry_out(target, progress)
    return f"wrote {len(plan.written)} objects, removed {len(plan.removed)}"
