"""Pipeline specs: Pachyderm 2.x's shape, read strictly, and the digest of the code they name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from datavc.errors import InvalidSpec
from datavc.model.address import DEFAULT_BRANCH
from datavc.model.ids import digest_of
from datavc.model.input_spec import parse_input
from datavc.model.pipeline_input import PipelineInput, pfs_inputs, source_branches
from datavc.model.spec_fields import SpecFields, plain_text

#: How often a datum is run before it counts as failed, where a spec does not say.
DEFAULT_TRIES = 3

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_UNSUPPORTED_SPEC = (
    "autoscaling", "cron", "datum_set_spec", "defaults", "determined", "egress",
    "maximum_expected_uptime", "metadata", "pod_patch", "pod_spec", "s3_out", "salt",
    "scheduling_spec", "service",
    "sidecar_resource_limits", "sidecar_resource_requests", "spec_commit", "spout", "tf_job",
    "tolerations",
)  # fmt: skip
_UNSUPPORTED_TRANSFORM = (
    "build", "datum_batching", "debug", "dockerfile", "image_pull_secrets", "memory_volume",
    "secrets",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Transform:
    """The user's code: what is run for each datum."""

    #: Container image; ``""`` where the executor needs none.
    image: str
    #: Program and arguments; empty means what the image starts by itself.
    cmd: tuple[str, ...]
    #: Lines that the program reads from its standard input.
    stdin: tuple[str, ...] = ()
    #: Run for a datum once all its tries have failed; empty for none. Where it succeeds, the datum
    #: is left out of the output and does not fail its job.
    err_cmd: tuple[str, ...] = ()
    err_stdin: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    working_dir: str | None = None
    #: Exit codes that count as success beside 0.
    accept_return_code: tuple[int, ...] = ()
    #: Whether the transform may use the network; if not, it has none.
    network: bool = False


@dataclass(frozen=True, slots=True)
class Resources:
    """Limits or requests; ``None`` means the executor's default."""

    #: Processors, as a fraction.
    cpu: float | None = None
    #: Bytes.
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class PipelineSpec:
    """A pipeline as its author described it."""

    name: str
    transform: Transform
    input: PipelineInput
    description: str = ""
    #: How many datums run at once; ``None`` means one for each processor.
    parallelism: int | None = None
    output_branch: str = DEFAULT_BRANCH
    datum_tries: int = DEFAULT_TRIES
    #: Seconds that one try of a datum, and a whole job, may take; ``None`` for no limit.
    datum_timeout: float | None = None
    job_timeout: float | None = None
    limits: Resources = Resources()
    requests: Resources = Resources()
    #: Whether every job runs every datum again, changed or not.
    reprocess_every_job: bool = False

    @property
    def sources(self) -> tuple[tuple[str, str], ...]:
        """The ``(repo, branch)`` pairs that the pipeline reads, each once."""
        return source_branches(self.input)

    def code_digest(self, image_digest: str) -> str:
        """Hex digest of all that makes the transform what it is; *image_digest* pins the image.

        Two versions of a pipeline with equal code digests give equal outputs for equal inputs, so
        the one reuses what the other computed.
        """
        transform = self.transform
        return digest_of(
            msgspec.msgpack.encode(
                [
                    "datavc.code.1",
                    image_digest,
                    transform.cmd,
                    transform.stdin,
                    sorted(transform.env.items()),
                    transform.user,
                    transform.working_dir,
                    sorted(set(transform.accept_return_code)),
                    transform.network,
                ]
            )
        ).hex()


def parse_pipeline_spec(document: Mapping[str, object]) -> PipelineSpec:
    """Check one spec and read it.

    Raises:
        InvalidSpec: a field is missing, malformed, unknown or not supported; names its full path.
    """
    fields = SpecFields(
        document,
        "",
        (
            "pipeline", "description", "transform", "input", "parallelism_spec", "output_branch",
            "datum_tries", "datum_timeout", "job_timeout", "resource_limits", "resource_requests",
            "reprocess_spec", "network",
        ),
        _UNSUPPORTED_SPEC,
    )  # fmt: skip
    name = _pipeline_name(fields)
    if not fields.has("input"):
        raise InvalidSpec("input is missing", hint="name a repo and a glob under input.pfs")
    tree = parse_input(fields.get("input"), "input")
    if any(leaf.repo == name for leaf in pfs_inputs(tree)):
        raise InvalidSpec(f"pipeline {name!r} reads its own output repo", hint="read another repo")
    return PipelineSpec(
        name=name,
        description=fields.text("description", ""),
        transform=_parse_transform(fields),
        input=tree,
        parallelism=_parallelism(fields),
        output_branch=fields.branch("output_branch"),
        datum_tries=fields.count("datum_tries", DEFAULT_TRIES),
        datum_timeout=fields.seconds("datum_timeout"),
        job_timeout=fields.seconds("job_timeout"),
        limits=_resources(fields, "resource_limits"),
        requests=_resources(fields, "resource_requests"),
        reprocess_every_job=_reprocess(fields),
    )


def _pipeline_name(fields: SpecFields) -> str:
    if not fields.has("pipeline"):
        raise InvalidSpec("pipeline.name is missing")
    head = SpecFields(fields.get("pipeline"), "pipeline", ("name", "project"))
    head.refuse_project()
    return head.repo("name")


def _parse_transform(spec: SpecFields) -> Transform:
    if not spec.has("transform"):
        raise InvalidSpec("transform is missing", hint="give it an image and a cmd")
    known = (
        "image", "cmd", "stdin", "err_cmd", "err_stdin", "env", "user", "working_dir",
        "accept_return_code",
    )  # fmt: skip
    fields = SpecFields(spec.get("transform"), "transform", known, _UNSUPPORTED_TRANSFORM)
    image = fields.text("image", "")
    cmd = fields.texts("cmd")
    if not image and not cmd:
        raise InvalidSpec("transform has neither image nor cmd", hint="name what is to be run")
    if cmd and not cmd[0]:
        raise InvalidSpec("transform.cmd[0] is empty", hint="name the program to be run")
    err_cmd, err_stdin = fields.texts("err_cmd"), fields.texts("err_stdin")
    if err_cmd and not err_cmd[0]:
        raise InvalidSpec("transform.err_cmd[0] is empty", hint="name the program to be run")
    if err_stdin and not err_cmd:
        raise InvalidSpec("transform.err_stdin has no err_cmd to read it", hint="give an err_cmd")
    return Transform(
        image=image,
        cmd=cmd,
        stdin=fields.texts("stdin"),
        err_cmd=err_cmd,
        err_stdin=err_stdin,
        env=_env(fields),
        user=fields.text("user") if fields.has("user") else None,
        working_dir=fields.text("working_dir") if fields.has("working_dir") else None,
        accept_return_code=_return_codes(fields),
        network=spec.flag("network"),
    )


def _env(fields: SpecFields) -> dict[str, str]:
    value = fields.get("env")
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidSpec("transform.env must be an object of names and texts")
    env: dict[str, str] = {}
    for key, item in value.items():
        name, path = str(key), f"transform.env.{key}"
        if not _ENV_NAME.fullmatch(name):
            raise InvalidSpec(f"{path} is not the name of a variable")
        if name.startswith(("DATAVC_", "PACH_")):
            raise InvalidSpec(f"{path} is set by datavc itself", hint="choose another name")
        env[name] = plain_text(item, path)
    return env


def _return_codes(fields: SpecFields) -> tuple[int, ...]:
    codes: list[int] = []
    for index, code in enumerate(fields.items("accept_return_code")):
        if not isinstance(code, int) or isinstance(code, bool) or not 0 <= code <= 255:
            raise InvalidSpec(
                f"{fields.at('accept_return_code')}[{index}] must be a number from 0 to 255"
            )
        codes.append(code)
    return tuple(codes)


def _parallelism(spec: SpecFields) -> int | None:
    if not spec.has("parallelism_spec"):
        return None
    fields = SpecFields(
        spec.get("parallelism_spec"), "parallelism_spec", ("constant",), ("coefficient",)
    )
    return fields.count("constant", 1)


def _resources(spec: SpecFields, key: str) -> Resources:
    if not spec.has(key):
        return Resources()
    fields = SpecFields(spec.get(key), key, ("cpu", "memory"), ("disk", "gpu"))
    memory = fields.quantity("memory")
    return Resources(cpu=fields.quantity("cpu"), memory=None if memory is None else int(memory))


def _reprocess(spec: SpecFields) -> bool:
    value = spec.text("reprocess_spec", "until_success")
    if value not in ("until_success", "every_job"):
        raise InvalidSpec(
            f"reprocess_spec must be until_success or every_job, not {value!r}",
        )
    return value == "every_job"
