"""What a datum's transform may reach by S3: the buckets of its inputs, and that of its output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from datavc.errors import InvalidSpec
from datavc.model.secret import SecretUse

#: The bucket of a datum's output.
OUTPUT_BUCKET = "out"
#: Variables by which a transform, and the S3 clients in it, find the gateway and their key.
ENDPOINT_VARIABLES = ("S3_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")
KEY_ID_VARIABLE = "AWS_ACCESS_KEY_ID"
SECRET_VARIABLE = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 - a name, and no secret
REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")
#: The one region that there is.
REGION = "us-east-1"

_GIVEN = frozenset({*ENDPOINT_VARIABLES, KEY_ID_VARIABLE, SECRET_VARIABLE, *REGION_VARIABLES})
#: A token would go with the key that it was made for, and no other.
_TAKEN = _GIVEN | {"AWS_SESSION_TOKEN"}


@dataclass(frozen=True, slots=True)
class InputBucket:
    """A commit of a repo as a bucket; nobody writes to it."""

    name: str
    repo: str
    #: The commit's whole id.
    commit: str


@dataclass(frozen=True, slots=True)
class S3Session:
    """What one access key opens while one try of a datum runs: these buckets, and nothing else."""

    #: The access key id.
    id: str
    pipeline: str
    job_id: str
    inputs: tuple[InputBucket, ...]
    #: Repo and branch that the pipeline's output goes to.
    repo_id: int
    repo: str
    branch: str
    #: Whether there is a bucket for the output.
    has_output: bool
    created_us: int

    def input(self, bucket: str) -> InputBucket | None:
        """The input of that name, or ``None``."""
        return next((one for one in self.inputs if one.name == bucket), None)

    def may_read(self, bucket: str) -> bool:
        """Whether it opens a bucket at all."""
        return self.may_write(bucket) or self.input(bucket) is not None

    def may_write(self, bucket: str) -> bool:
        """Whether it opens a bucket for writing."""
        return self.has_output and bucket == OUTPUT_BUCKET


def check_s3_variables(env: Mapping[str, str], secrets: Iterable[SecretUse]) -> None:
    """Refuse a transform with variables that S3 sets.

    Raises:
        InvalidSpec: it has one; names it.
    """
    given = {name: f"transform.env.{name}" for name in env}
    given |= {use.env_var: "transform.secrets: env_var" for use in secrets if use.env_var}
    for name in sorted(_TAKEN.intersection(given)):
        raise InvalidSpec(
            f"{given[name]}: the variable {name} is set by datavc where s3 or s3_out is",
            hint="give what is for another S3 server under another name",
        )
