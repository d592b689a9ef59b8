"""Writes to branches: staged, and committed where a message asks for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable

from datavc.access import quotas
from datavc.errors import Collected, NothingStaged
from datavc.model.change_set import StagedRecord
from datavc.model.entry import Change
from datavc.store.content import ContentWriter
from datavc.versioning.commits import commit_staged
from datavc.versioning.ingest import write_changes
from datavc.versioning.nodes import SessionSink
from datavc.versioning.protections import check_may_commit
from datavc.versioning.repos import check_no_pipeline_writes
from datavc.versioning.session_outputs import put_out
from datavc.versioning.staged_write import Extra, Precondition, stage_on
from datavc_server.s3.address import Address, repo_row
from datavc_server.s3.error import invalid_request
from datavc_server.s3.gateway import Gateway
from datavc_server.s3.incoming import Incoming

#: Names the commit that a write has made.
COMMIT_HEADER = "x-datavc-commit"

#: How often a write that needs nothing from the client is made once more.
_TRIES = 5


def open_landing(
    gateway: Gateway, incoming: Incoming, address: Address, message: str | None = None
) -> Landing:
    """What becomes of one request's changes.

    Args:
        gateway: where.
        incoming: the request.
        address: a place in what is written to.
        message: of the commit; ``None`` for what the request says.

    Raises:
        S3Error: there is no such repo; or a job asks for a commit.
        Protected: the branch may not be committed to.
        Conflict: a pipeline writes the repo.
    """
    if gateway.job is not None:
        return JobLanding(gateway, incoming)
    return BranchLanding(gateway, incoming, address.ref, message)


class Landing(ABC):
    """What becomes of one request's changes.

    Args:
        gateway: where.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    @abstractmethod
    def stage(
        self,
        record: StagedRecord,
        precondition: Precondition | None = None,
        extra: Extra | None = None,
    ) -> dict[str, str]:
        """Stage a stored change set, and commit if that is asked for; give the answer's headers.

        Raises:
            S3Error: *precondition* does not hold.
            DatavcError: as :func:`datavc.versioning.staged_write.stage_on`.
        """

    @abstractmethod
    def commit(self) -> dict[str, str]:
        """Commit what is staged, if that is asked for; give the answer's headers."""

    def stage_changes(
        self,
        changes: Callable[[ContentWriter], Iterable[Change]],
        precondition: Precondition | None = None,
    ) -> dict[str, str]:
        """Stage changes that can be made again, sorted by path; as :meth:`stage`."""
        vs = self._gateway.vs
        for left in reversed(range(_TRIES)):
            with vs.objects.session(vs.chunks) as session:
                writer = ContentWriter(session, vs.chunks)
                record = write_changes(iter(changes(writer)), SessionSink(session))
                if record is not None:
                    session.finish()
            if record is None:
                return self.commit()
            try:
                return self.stage(record, precondition)
            except Collected:
                if not left:
                    raise
        return {}


class JobLanding(Landing):
    """What a job puts out stays staged until its datum has succeeded.

    Raises:
        S3Error: the request asks for a commit.
    """

    def __init__(self, gateway: Gateway, incoming: Incoming) -> None:
        super().__init__(gateway)
        if incoming.message is not None:
            raise invalid_request("a job's output is committed with the job, and not before")

    def stage(
        self,
        record: StagedRecord,
        precondition: Precondition | None = None,
        extra: Extra | None = None,
    ) -> dict[str, str]:
        """Put a stored change set behind what the job has put out; see :class:`Landing`."""
        gateway = self._gateway
        assert gateway.job is not None  # noqa: S101 - see open_landing
        put_out(
            gateway.vs, gateway.outputs, gateway.job.session.id, record,
            precondition=precondition, extra=extra,
        )  # fmt: skip
        return {}

    def commit(self) -> dict[str, str]:
        """Nothing: the engine does that."""
        return {}


class BranchLanding(Landing):
    """What becomes of one request's changes to a branch.

    Args:
        gateway: where.
        incoming: the request.
        branch: of its bucket's repo.
        message: of the commit; ``None`` where what is written stays staged.

    Raises:
        S3Error: there is no such repo.
        Protected: the branch may not be committed to.
        Conflict: a pipeline writes the repo.
    """

    def __init__(
        self, gateway: Gateway, incoming: Incoming, branch: str, message: str | None = None
    ) -> None:
        super().__init__(gateway)
        self._repo = incoming.bucket
        self._branch = branch
        self._account = incoming.account
        self._message = message if message is not None else incoming.message
        if self._message is None and gateway.commit_writes:
            self._message = f"{incoming.method} {incoming.key or incoming.bucket} by S3"
        with gateway.vs.db.read() as conn:
            row = repo_row(conn, self._repo)
            check_no_pipeline_writes(conn, self._repo)
            if self._message is not None:
                check_may_commit(conn, row.id, branch)

    def stage(
        self,
        record: StagedRecord,
        precondition: Precondition | None = None,
        extra: Extra | None = None,
    ) -> dict[str, str]:
        """Stage a stored change set on the branch; see :class:`Landing`."""
        if record.bytes:
            # What only removes makes room.
            quotas.check_bytes(self._gateway.vs.db, self._repo, record.bytes)
        stage_on(
            self._gateway.vs, self._gateway.trees, self._repo, self._branch, record,
            author=self._account, precondition=precondition, extra=extra,
        )  # fmt: skip
        return self.commit()

    def commit(self) -> dict[str, str]:
        """Commit what is staged, if that is asked for; give the answer's headers."""
        if self._message is None:
            return {}
        try:
            made = commit_staged(
                self._gateway.vs,
                self._repo,
                self._branch,
                message=self._message,
                author=self._account,
            )
        except NothingStaged:
            return {}
        return {COMMIT_HEADER: made.id}
