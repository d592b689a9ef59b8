"""What a job reaches by S3: an access key for each try of a datum, which ends with it.

The key opens the buckets of that datum and nothing else, and only while its job runs with this
engine: one that was killed leaves no key behind that opens anything for longer than its lease.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from datavc.db import branches, job_claims, repos, s3_sessions
from datavc.db.clock import now_us
from datavc.db.job_claims import JobFacts
from datavc.db.jobs import JobRow
from datavc.db.pipelines import PipelineRow
from datavc.engine.datum_outputs import OutputFile
from datavc.engine.secret_box import SecretBox
from datavc.errors import Conflict, InvalidSpec, LostRace
from datavc.model.datum import Datum
from datavc.model.pipeline import PipelineSpec
from datavc.model.pipeline_input import pfs_inputs
from datavc.model.s3_session import (
    ENDPOINT_VARIABLES,
    KEY_ID_VARIABLE,
    REGION,
    REGION_VARIABLES,
    SECRET_VARIABLE,
    InputBucket,
    S3Session,
)
from datavc.versioning.session_outputs import read_output
from datavc.versioning.versioned_store import VersionedStore

#: What the access key ids of jobs start with; those of people start otherwise.
_PREFIX = "DVJ"
_VALUE = "secret"


@dataclass(frozen=True, slots=True)
class OpenedS3Session:
    """A session with the secret of its key."""

    info: S3Session
    secret: str = field(repr=False)


def s3_gateway_of(spec: PipelineSpec, endpoint: str | None) -> str | None:
    """The gateway's URL for a pipeline that uses S3; ``None`` for one that does not.

    Args:
        spec: the pipeline.
        endpoint: what is known here of a gateway.

    Raises:
        InvalidSpec: it uses S3, and *endpoint* is ``None``.
    """
    if not spec.uses_s3:
        return None
    if endpoint is not None:
        return endpoint
    leaf = next((leaf for leaf in pfs_inputs(spec.input) if leaf.s3), None)
    what = "s3_out" if leaf is None else f"s3 of input {leaf.name!r}"
    raise InvalidSpec(
        f"{what}: pipeline {spec.name!r} needs an S3 gateway, and none is known here",
        hint="let its server serve S3: datavc serve --s3 127.0.0.1:8251; for an engine alone, "
        "set DATAVC_S3_ENDPOINT=http://HOST:PORT to where that is",
    )


def is_session_key(key_id: str) -> bool:
    """Whether an access key id is of a job."""
    return key_id.startswith(_PREFIX)


def open_s3_session(vs: VersionedStore, key_id: str) -> OpenedS3Session | None:
    """The session of an access key while it opens anything, or ``None``.

    Raises:
        AccessDenied: it was encrypted with another key than this process has.
    """
    with vs.db.read() as conn:
        found = s3_sessions.find_open(conn, key_id)
    if found is None:
        return None
    info, sealed = found
    values = SecretBox(vs.home).open(_name(key_id), sealed)
    return OpenedS3Session(info, values[_VALUE].decode("ascii"))


@dataclass(frozen=True, slots=True)
class JobS3:
    """What the sessions of one job's datums are made from.

    Args:
        vs: where.
        job: the job, which *owner* has claimed.
        owner: the engine.
        pipeline: whose job it is.
        has_output: whether each datum has a bucket for its output.
        commits: the commit of every ``(repo, branch)`` that the pipeline reads.
        endpoint: the gateway's URL as the transform sees it.
    """

    vs: VersionedStore
    job: JobRow
    owner: str
    pipeline: PipelineRow
    has_output: bool
    commits: Mapping[tuple[str, str], str]
    endpoint: str

    def forget_all(self) -> None:
        """Remove what an engine that was killed has left of the job's sessions.

        Raises:
            LostRace: the job is somebody else's by now.
        """
        with self.vs.db.write() as conn:
            self._check_held(conn)
            s3_sessions.remove_of_job(conn, self.job.id)

    def open(self, datum: Datum) -> DatumS3:
        """Make the session of one try of *datum*.

        Raises:
            LostRace: the job is somebody else's by now.
            Conflict: the output branch is gone.
            DatavcError: the cryptography package is not installed.
        """
        key_id = _PREFIX + base64.b32encode(secrets.token_bytes(10)).decode("ascii")
        secret = base64.b64encode(secrets.token_bytes(30)).decode("ascii")
        sealed = SecretBox(self.vs.home).seal(_name(key_id), {_VALUE: secret.encode("ascii")})
        inputs = {
            part.source.name: InputBucket(
                part.source.name,
                part.source.repo,
                self.commits[part.source.repo, part.source.branch],
            )
            for part in datum.inputs
            if part.source.s3
        }
        with self.vs.db.write() as conn:
            self._check_held(conn)
            session = S3Session(
                key_id,
                self.pipeline.name,
                self.job.id,
                tuple(inputs.values()),
                self._output_repo(conn),
                self.pipeline.output_repo,
                self.pipeline.output_branch,
                self.has_output,
                now_us(),
            )
            s3_sessions.add(conn, session, self.owner, sealed)
        return DatumS3(self.vs, session, secret, self.endpoint)

    def _check_held(self, conn: Connection) -> None:
        if not job_claims.record(conn, self.job.id, self.owner, JobFacts()):
            raise LostRace(f"job {self.job.id} was taken over or stopped")

    def _output_repo(self, conn: Connection) -> int:
        name, branch = self.pipeline.output_repo, self.pipeline.output_branch
        repo = repos.find(conn, name)
        if repo is None or branches.find(conn, repo.id, branch) is None:
            raise Conflict(
                f"the output branch {name}@{branch} is gone",
                hint="update the pipeline to make it again",
            )
        return repo.id


@dataclass(frozen=True, slots=True)
class DatumS3:
    """The session of one try of a datum."""

    vs: VersionedStore
    session: S3Session
    secret: str = field(repr=False)
    endpoint: str

    @property
    def id(self) -> str:
        """The access key id."""
        return self.session.id

    @property
    def has_output(self) -> bool:
        """Whether the datum's output comes by it."""
        return self.session.has_output

    @property
    def env(self) -> dict[str, str]:
        """The variables by which the transform finds the gateway, and signs."""
        return {
            **dict.fromkeys(ENDPOINT_VARIABLES, self.endpoint),
            **dict.fromkeys(REGION_VARIABLES, REGION),
            KEY_ID_VARIABLE: self.session.id,
            SECRET_VARIABLE: self.secret,
        }

    def take(self) -> list[OutputFile]:
        """End the session, and give what was put out by it, sorted by path.

        It is kept until the datum's result is written, or the job is over.

        Raises:
            LostRace: the session is gone, as another engine has the job.
        """
        with self.vs.db.write() as conn:
            if not s3_sessions.close(conn, self.session.id):
                raise LostRace(f"job {self.session.job_id} was taken over or stopped")
        return [
            OutputFile(path, entry.executable, entry)
            for path, entry in read_output(self.vs, self.session.id)
        ]

    def drop(self) -> None:
        """End the session, and forget what was put out by it."""
        with self.vs.db.write() as conn:
            s3_sessions.remove(conn, [self.session.id])


def _name(key_id: str) -> str:
    return f"s3 session {key_id}"
