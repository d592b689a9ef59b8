"""Pipeline specs: Pachyderm 2.x's shape, read strictly, and the digest of the code they name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec

from datavc.errors import InvalidInput, InvalidSpec
from datavc.model.address import DEFAULT_BRANCH
from datavc.model.egress import DatabaseEgress, Egress, parse_egress
from datavc.model.ids import digest_of
from datavc.model.input_spec import parse_input
from datavc.model.pipeline_input import PipelineInput, UnionInput, pfs_inputs, source_branches
from datavc.model.s3_session import check_s3_variables
from datavc.model.secret import SecretUse
from datavc.model.secret_spec import parse_secrets
from datavc.model.service import ServiceSpec, parse_service
from datavc.model.spec_fields import SpecFields, check_variable, plain_text
from datavc.model.spout import SpoutSpec, parse_spout

#: The only kind of graphics processor, as Kubernetes calls it.
_GPU = "nvidia.com/gpu"
#: Longest value of a parameter, in characters.
MOST_OF_PARAMETER = 4096
#: How often a datum is run before it counts as failed, where a spec does not say.
DEFAULT_TRIES = 3

_KUBERNETES = "containers are run by Docker: see resource_limits, metadata, transform.user"
_UNSUPPORTED_SPEC = {
    "cron": "a schedule is an input: input.cron",
    "defaults": "write the fields into the spec; a jsonnet template can share them",
    "determined": "let the transform call it: network: true, and its token by transform.secrets",
    "dry_run": "use `datavc pipeline validate`",
    "maximum_expected_uptime": "job_timeout ends jobs that take too long",
    "pod_patch": _KUBERNETES,
    "pod_spec": _KUBERNETES,
    "reprocess": "use `datavc pipeline update --reprocess`",
    "scheduling_spec": "run `datavc engine` on the hosts that are to do the work",
    "sidecar_resource_limits": "there is no sidecar; use resource_limits",
    "sidecar_resource_requests": "there is no sidecar; use resource_requests",
    "spec_commit": "versions are counted by datavc: see `datavc pipeline inspect --version`",
    "tf_job": "let the transform run the training by itself",
    "tolerations": "run `datavc engine` on the hosts that are to do the work",
    "update": "use `datavc pipeline update`",
}
_UNSUPPORTED_TRANSFORM = {
    "build": "build the image, and name it in transform.image",
    "datum_batching": "let cmd work on one datum; containers stay warm from one to the next",
    "dockerfile": "build the image, and name it in transform.image",
    "image_pull_secrets": "log in by `docker login` where the engine runs",
    "memory_volume": "write what may be lost to /tmp, which is in memory",
}


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
    secrets: tuple[SecretUse, ...] = ()


@dataclass(frozen=True, slots=True)
class Resources:
    """Limits or requests; ``None`` means the executor's default."""

    #: Processors, as a fraction.
    cpu: float | None = None
    #: Bytes.
    memory: int | None = None
    #: Bytes that one datum may put out, and those in ``/tmp``.
    disk: int | None = None
    #: How many graphics processors.
    gpu: int | None = None


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
    #: Anything; another one makes all datums new.
    salt: str = ""
    #: Put on containers as they are.
    labels: Mapping[str, str] = field(default_factory=dict)
    #: Whether a job that has not begun is left out once a later one has all that it reads.
    skip_superseded: bool = False
    #: Where the output is written to beside its repo.
    egress: Egress | None = None
    #: Where its program listens, if it is one that keeps running.
    service: ServiceSpec | None = None
    #: Set where the program puts out commits without an input.
    spout: SpoutSpec | None = None
    #: Whether a datum's output is what it puts into the bucket ``out`` by S3.
    s3_out: bool = False

    @property
    def is_standing(self) -> bool:
        """Whether its jobs run until something replaces them."""
        return self.service is not None or self.spout is not None

    @property
    def uses_s3(self) -> bool:
        """Whether its transform reads or writes by S3."""
        return self.s3_out or any(leaf.s3 for leaf in pfs_inputs(self.input))

    @property
    def secrets(self) -> tuple[SecretUse, ...]:
        """The secrets that the pipeline needs, for whatever."""
        egress = self.egress
        if not isinstance(egress, DatabaseEgress) or not egress.secret:
            return self.transform.secrets
        return (*self.transform.secrets, SecretUse(egress.secret, egress.secret_key))

    @property
    def sources(self) -> tuple[tuple[str, str], ...]:
        """The ``(repo, branch)`` pairs that the pipeline reads, each once."""
        return source_branches(self.input)

    def with_parameters(self, parameters: Mapping[str, str]) -> PipelineSpec:
        """The spec with other values of variables that ``transform.env`` declares.

        Raises:
            InvalidInput: it declares no such variable, or a value cannot be one.
        """
        env = self.transform.env
        for name, value in parameters.items():
            if name not in env:
                known = ", ".join(sorted(env)) or "none"
                raise InvalidInput(
                    f"pipeline {self.name!r} has no parameter {name!r}",
                    hint=f"parameters are the variables of transform.env: {known}",
                )
            if "\0" in value or len(value) > MOST_OF_PARAMETER:
                raise InvalidInput(
                    f"parameter {name!r} holds a NUL, or more than {MOST_OF_PARAMETER} characters",
                    hint="commit large values to a repo that the pipeline reads",
                )
        if not parameters:
            return self
        return replace(self, transform=replace(self.transform, env={**env, **parameters}))

    def code_digest(self, image_digest: str) -> str:
        """Hex digest of all that makes the transform what it is; *image_digest* pins the image.

        Two versions of a pipeline with equal code digests give equal outputs for equal inputs, so
        the one reuses what the other computed.
        """
        transform = self.transform
        identity: list[object] = [
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
        if transform.secrets:
            # Which ones, not what they hold: a new password changes no result.
            identity.append(
                [[use.name, use.key, use.env_var, use.mount_path] for use in transform.secrets]
            )
        if self.s3_out:
            identity.append(["s3_out"])
        if self.salt:
            identity.append(self.salt)
        return digest_of(msgspec.msgpack.encode(identity)).hex()


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
            "reprocess_spec", "network", "salt", "metadata", "datum_set_spec", "autoscaling",
            "skip_superseded", "egress", "service", "spout", "s3_out",
        ),
        _UNSUPPORTED_SPEC,
    )  # fmt: skip
    name = _pipeline_name(fields)
    spout = parse_spout(fields)
    if not fields.has("input") and spout is None:
        raise InvalidSpec("input is missing", hint="name a repo and a glob under input.pfs")
    tree: PipelineInput = UnionInput(())
    if spout is None:
        tree = parse_input(fields.get("input"), "input", name)
    if any(leaf.repo == name for leaf in pfs_inputs(tree)):
        raise InvalidSpec(f"pipeline {name!r} reads its own output repo", hint="read another repo")
    _check_datum_sets(fields)
    fields.flag("autoscaling")
    ticks = [leaf.repo for leaf in pfs_inputs(tree) if leaf.cron is not None]
    if len(set(ticks)) < len(ticks):
        raise InvalidSpec("two cron inputs have the same repo", hint="give each one its own name")
    egress, service = parse_egress(fields), parse_service(fields)
    if service is not None and egress is not None:
        raise InvalidSpec("egress: a service puts nothing out", hint="remove it, or service")
    s3_out = fields.flag("s3_out")
    if s3_out and (service is not None or spout is not None):
        other = "spout" if spout is not None else "service"
        raise InvalidSpec(f"s3_out: a {other} has no output by S3", hint=f"remove it, or {other}")
    spec = PipelineSpec(
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
        # The bucket of an output starts empty in each job, as in Pachyderm.
        reprocess_every_job=_reprocess(fields) or s3_out,
        salt=fields.text("salt", ""),
        labels=_labels(fields),
        egress=egress,
        service=service,
        spout=spout,
        skip_superseded=fields.flag("skip_superseded"),
        s3_out=s3_out,
    )
    if spec.uses_s3:
        check_s3_variables(spec.transform.env, spec.transform.secrets)
    return spec


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
        "accept_return_code", "secrets", "debug",
    )  # fmt: skip
    fields = SpecFields(spec.get("transform"), "transform", known, _UNSUPPORTED_TRANSFORM)
    # What it would add is in every job's log already.
    fields.flag("debug")
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
        secrets=parse_secrets(fields, _env(fields)),
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
        check_variable(name, path)
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
        spec.get("parallelism_spec"),
        "parallelism_spec",
        ("constant",),
        {"coefficient": "use parallelism_spec.constant"},
    )
    return fields.count("constant", 1)


def _resources(spec: SpecFields, key: str) -> Resources:
    if not spec.has(key):
        return Resources()
    fields = SpecFields(spec.get(key), key, ("cpu", "memory", "disk", "gpu"))
    memory, disk = fields.quantity("memory"), fields.quantity("disk")
    return Resources(
        cpu=fields.quantity("cpu"),
        memory=None if memory is None else int(memory),
        disk=None if disk is None else int(disk),
        gpu=_gpus(fields),
    )


def _gpus(resources: SpecFields) -> int | None:
    if not resources.has("gpu"):
        return None
    fields = SpecFields(resources.get("gpu"), resources.at("gpu"), ("type", "number"))
    kind = fields.text("type", _GPU)
    if kind != _GPU:
        raise InvalidSpec(f"{fields.at('type')} {kind!r} is not supported yet", hint=f"use {_GPU}")
    return fields.count("number", 1)


def _check_datum_sets(spec: SpecFields) -> None:
    """Read a field that needs nothing: workers take datums one by one from a common queue."""
    if spec.has("datum_set_spec"):
        names = ("number", "size_bytes", "per_worker")
        fields = SpecFields(spec.get("datum_set_spec"), "datum_set_spec", names)
        for name in names:
            fields.count(name, 1)


def _labels(spec: SpecFields) -> dict[str, str]:
    if not spec.has("metadata"):
        return {}
    fields = SpecFields(spec.get("metadata"), "metadata", ("labels", "annotations"))
    return fields.text_map("annotations") | fields.text_map("labels")


def _reprocess(spec: SpecFields) -> bool:
    value = spec.text("reprocess_spec", "until_success")
    if value not in ("until_success", "every_job"):
        raise InvalidSpec(
            f"reprocess_spec must be until_success or every_job, not {value!r}",
        )
    return value == "every_job"
