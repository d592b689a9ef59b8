"""Which datums a job has that the one before it has not, and which it has no more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from datavc.db import commits, retention
from datavc.db.jobs import JobRow
from datavc.engine.job_inputs import JobInputs
from datavc.errors import NotFound
from datavc.model.commit import TreeRef
from datavc.model.datum import Datum, DatumMaker, plan_datums
from datavc.model.datum_changes import datum_changes
from datavc.model.pipeline import PipelineSpec
from datavc.model.pipeline_input import PfsInput
from datavc.model.tree.scan import scan
from datavc.versioning.fewer_collections import fewer_collections
from datavc.versioning.versioned_store import VersionedStore


@dataclass(frozen=True, slots=True)
class DatumPlan:
    """A job's datums beside those of the job that it builds upon."""

    #: How many datums the job has.
    total: int
    #: Those that the job before did not have, by key.
    new: Mapping[bytes, Datum]
    #: Those that only the job before had: paths in its meta tree, sorted.
    gone: tuple[str, ...]
    #: All of the job's datums; slow, and only asked for an error's message.
    every: Callable[[], Mapping[bytes, Datum]]


class DatumPlanner:
    """Plans the datums of one job.

    Args:
        vs: where.
        spec: what the pipeline's version says.
        inputs: what the job reads.
        code_digest: what the executor makes of the version's code.
        salt: see :func:`~datavc.model.datum.plan_datums`.
    """

    def __init__(
        self,
        vs: VersionedStore,
        spec: PipelineSpec,
        inputs: JobInputs,
        code_digest: str,
        salt: str,
    ) -> None:
        self._vs = vs
        self._spec = spec
        self._inputs = inputs
        self._code_digest = code_digest
        self._salt = salt

    def plan(self, meta: TreeRef, before: JobRow | None) -> DatumPlan:
        """Plan beside the datums that *meta* lists.

        Args:
            meta: meta tree of the job that this one builds upon.
            before: that job, if it ran the same code with the same salt; then only what differs
                between its inputs and these is looked at, where the input allows it.
        """
        plan = self._plan_changes(meta, before) if before is not None else None
        return plan or self._plan_all(meta)

    def every(self) -> dict[bytes, Datum]:
        """All datums."""
        with fewer_collections():
            planned = plan_datums(
                self._spec.input, self._inputs.trees, self._vs.nodes, self._code_digest, self._salt
            )
            return {datum.key: datum for datum in planned}

    def _plan_all(self, meta: TreeRef) -> DatumPlan:
        every = self.every()
        with fewer_collections():
            in_base = {bytes.fromhex(path) for path, _ in scan(meta, self._vs.nodes)}
        return DatumPlan(
            total=len(every),
            new={key: datum for key, datum in every.items() if key not in in_base},
            gone=tuple(sorted(key.hex() for key in in_base if key not in every)),
            every=lambda: every,
        )

    def _plan_changes(self, meta: TreeRef, before: JobRow) -> DatumPlan | None:
        pfs = self._spec.input
        # A datum that was recovered is missing from the meta tree, and must be tried again.
        if not isinstance(pfs, PfsInput) or before.counts.recovered:
            return None
        old = self._tree_before(before)
        if old is None:
            return None
        make = DatumMaker(self._code_digest, self._salt)
        new = self._inputs.trees[pfs.repo, pfs.branch]
        try:
            with fewer_collections():
                changes = datum_changes(pfs, old, new, self._vs.nodes, make)
        except NotFound:
            # Given up while it was read.
            return None
        return DatumPlan(
            total=meta.files + len(changes.added) - len(changes.gone),
            new=changes.added,
            gone=tuple(sorted(key.hex() for key in changes.gone)),
            every=self.every,
        )

    def _tree_before(self, before: JobRow) -> TreeRef | None:
        commit_id = before.inputs[0].commit
        if commit_id is None:
            return None
        with self._vs.db.read() as conn:
            commit = commits.find(conn, commit_id)
            if commit is None or retention.is_expired(conn, commit_id):
                return None
        return commit.tree
