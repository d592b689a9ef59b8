"""The last part of a job whose spec has an ``egress``: what is committed goes where that says."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from datavc.db import branches, job_claims, job_events, jobs, pipelines, repos
from datavc.db.clock import now_us
from datavc.db.job_claims import JobFacts
from datavc.db.jobs import JobRow
from datavc.db.pipelines import PipelineRow
from datavc.engine.egress.access import EgressAccess
from datavc.engine.job_inputs import output_after
from datavc.engine.secrets import open_secrets
from datavc.errors import DatavcError, Expired, LostRace, NotFound, Unavailable
from datavc.model.commit import TreeRef
from datavc.model.egress import BucketEgress, DatabaseEgress, Egress
from datavc.model.job import JobState
from datavc.model.pipeline import parse_pipeline_spec
from datavc.model.secret import SecretUse
from datavc.model.source_uri import shown
from datavc.model.tree.empty import EMPTY_TREE
from datavc.versioning.resolve import get_tree
from datavc.versioning.versioned_store import VersionedStore

#: So often a target that is away is tried, with growing pauses in seconds.
_TRIES = 6
_FIRST_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class JobEgress:
    """Ends a job that is ``EGRESSING``.

    Being done again does no harm: a bucket and a database are left as the commit says.
    """

    vs: VersionedStore
    job: JobRow
    owner: str
    pipeline: PipelineRow
    egress: Egress
    access: EgressAccess
    #: Called again and again; raises when the job is not this engine's any more.
    check: Callable[[], None]

    def run(self) -> None:
        """Write, as often as it takes, and end the job as a success or as a failure.

        Raises:
            LostRace: the job is somebody else's by now.
        """
        where = shown(self.egress.url)
        try:
            done = self._try(where)
        except LostRace:
            raise
        except DatavcError as error:
            self._end(
                JobState.FAILURE,
                f"egress to {where} failed, and the output is committed all the same: {error}",
            )
        else:
            self._end(JobState.SUCCESS, f"egress to {where}: {done}")

    def _try(self, where: str) -> str:
        pause = _FIRST_PAUSE
        for number in range(1, _TRIES + 1):
            self.check()
            try:
                return self._write()
            except Unavailable as error:
                if number == _TRIES:
                    raise
                self._note(f"try {number} of {_TRIES}: egress to {where}: {error.message}")
            self._wait(pause)
            pause *= 2
        raise AssertionError("unreachable")

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.check()
            time.sleep(0.05)

    def _write(self) -> str:
        with self.vs.db.read() as conn:
            commit = self._commit(conn)
            before = self._before(conn)
        if commit is None:
            return "there is nothing yet"
        repo = self.pipeline.output_repo
        tree = get_tree(self.vs, repo, commit)
        if isinstance(self.egress, BucketEgress):
            # A package that not everybody has.
            from datavc.engine.egress.to_bucket import write_to_bucket

            self.access.check_bucket(self.egress.url)
            return write_to_bucket(self.vs, self.egress.url, repo, commit, tree, self.check)
        from datavc.engine.egress.to_database import TableWriter

        password = self._password(self.egress)
        writer = TableWriter(self.vs, self.egress, self.access, password, self.check)
        return writer.write(tree, [self._tree(each) for each in before])

    def _commit(self, conn: Connection) -> str | None:
        """What is to be written: what the job made, or else what has not changed."""
        job = jobs.find(conn, self.job.id)
        if job is None:
            raise LostRace(f"job {self.job.id} is gone")
        if job.output is not None:
            return job.output
        repo = repos.find(conn, self.pipeline.output_repo)
        branch = None if repo is None else branches.find(conn, repo.id, self.pipeline.output_branch)
        return None if branch is None else branch.head

    def _before(self, conn: Connection) -> list[str | None]:
        """Commits of which the target may hold what one of them says; ``None`` for no commit.

        That of the last egress that went well, and those of the ones after it, since one that was
        told to have failed may have been done.
        """
        found: list[str | None] = []
        for row in jobs.landed_before(conn, self.job.pipeline_id, before=self.job.sequence):
            if not self._had_same(conn, row):
                break
            found.append(output_after(conn, row))
            if row.state is JobState.SUCCESS:
                return found
        return [*found, None]

    def _tree(self, commit: str | None) -> TreeRef:
        """The tree of an earlier commit; nothing is known of one that was given up."""
        if commit is None:
            return EMPTY_TREE
        try:
            return get_tree(self.vs, self.pipeline.output_repo, commit)
        except (NotFound, Expired):
            return EMPTY_TREE

    def _had_same(self, conn: Connection, row: JobRow) -> bool:
        if row.version == self.job.version:
            return True
        version = pipelines.find_by_id(conn, row.pipeline_id, row.version)
        return version is not None and parse_pipeline_spec(version.spec).egress == self.egress

    def _password(self, egress: DatabaseEgress) -> str | None:
        if not egress.secret:
            return None
        use = SecretUse(egress.secret, egress.secret_key)
        value = open_secrets(self.vs, [use])[egress.secret][egress.secret_key]
        return value.decode("utf-8", "replace").rstrip("\r\n")

    def _note(self, text: str) -> None:
        with self.vs.db.write() as conn:
            job_events.add(conn, self.job.id, text, time_us=now_us())

    def _end(self, state: JobState, text: str) -> None:
        facts = JobFacts(reason=text if state is JobState.FAILURE else "")
        with self.vs.db.write() as conn:
            if not job_claims.transition(conn, self.job.id, self.owner, state, facts):
                raise LostRace(f"job {self.job.id} was taken over or stopped")
            job_events.add(conn, self.job.id, f"{state.value}: {text}", time_us=now_us())
