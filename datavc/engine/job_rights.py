"""What a job may touch: the account of its pipeline decides, whenever it is about to."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from datavc.access import pipeline_account
from datavc.access.caller import Caller
from datavc.db import pipelines
from datavc.db.jobs import JobRow
from datavc.db.pipelines import PipelineRow
from datavc.errors import AccessDenied
from datavc.model.job import JobState
from datavc.model.pipeline import PipelineSpec, parse_pipeline_spec
from datavc.model.role import Action, Grant, Role


@dataclass(frozen=True, slots=True)
class JobRights:
    """The rights that one job needs, and asks for again and again, since they may be taken away."""

    job: JobRow
    pipeline: PipelineRow
    spec: PipelineSpec

    def check(self, conn: Connection) -> None:
        """Make sure that the job may do what is left of it.

        Raises:
            AccessDenied: it may not; names the repo.
        """
        if self.job.state is JobState.EGRESSING:
            # It has read its inputs.
            self.check_output(conn)
            return
        caller = self._caller(conn)
        for grant in sorted(pipeline_account.needed_grants(self.spec), key=str):
            self._check(caller, grant)

    def check_output(self, conn: Connection) -> None:
        """The same of what it puts out, for the transaction that commits it.

        Raises:
            AccessDenied: it may not.
        """
        output = Grant(Role.WRITER, self.pipeline.output_repo, self.pipeline.output_branch)
        self._check(self._caller(conn), output)

    def write_down(self, conn: Connection, refusal: AccessDenied | None = None) -> None:
        """Write to the audit log that the job has committed, or why it may not go on."""
        output = self.pipeline
        repo, branch = output.output_repo, output.output_branch
        if refusal is not None:
            repo, branch = refusal.repo, refusal.branch
        pipeline_account.write_down(
            conn, self.pipeline.name, f"job {self.job.id}", repo, branch, refusal
        )

    def _check(self, caller: Caller, needed: Grant) -> None:
        # What is made once more is compared, and what goes out was committed before.
        puts_out = self.job.reproduces is None and self.job.state is not JobState.EGRESSING
        is_output = needed.repos == self.pipeline.output_repo
        action = Action.WRITE if is_output and puts_out else Action.READ
        pipeline_account.require(caller, action, needed)

    def _caller(self, conn: Connection) -> Caller:
        """The pipeline; in a job of an earlier version, also with what only that one reads."""
        caller = pipeline_account.caller_of(conn, self.pipeline.name)
        if self.job.reproduces is None:
            return caller
        current = pipelines.find(conn, self.pipeline.name)
        if current is None or current.version == self.pipeline.version:
            return caller
        known = {repo for repo, _ in parse_pipeline_spec(current.spec).sources}
        earlier = [
            grant
            for grant in pipeline_account.needed_grants(self.spec)
            if grant.repos not in {*known, self.pipeline.output_repo}
        ]
        return replace(caller, grants=(*caller.grants, *earlier))
