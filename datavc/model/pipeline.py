"""Pipeline specs: Pachyderm 2.x's shape, read strictly, and the digest of the code they name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from datavc.errors import InvalidName, InvalidSpec
from datavc.model.address import DEFAULT_BRANCH
from datavc.model.glob import Glob
from datavc.model.ids import digest_of
from datavc.model.name import check_ref_name, check_repo_name
from datavc.model.pipeline_input import (
    CrossInput,
    PfsInput,
    PipelineInput,
    UnionInput,
    pfs_inputs,
    source_branches,
)
from datavc.model.spec_fields import SpecFields, plain_text

#: How often a datum is run before it counts as failed, where a spec does not say.
DEFAULT_TRIES = 3

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_INPUT_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")
# The output folder, and variables that decide what a command means: an input name is one too.
_TAKEN_NAMES = ("out", "ENV", "HOME", "IFS", "LD_LIBRARY_PATH", "LD_PRELOAD", "PATH", "TMPDIR")
_UNSUPPORTED_SPEC = (
    "autoscaling", "cron", "datum_set_spec", "defaults", "determined", "egress",
    "maximum_expected_uptime", "metadata", "pod_patch", "pod_spec", "s3_out", "salt",
    "scheduling_spec", "service",
    "sidecar_resource_limits", "sidecar_resource_requests", "spec_commit", "spout", "tf_job",
    "tolerations",
)  # fmt: skip
_UNSUPPORTED_TRANSFORM = (
    "build", "datum_batching", "debug", "dockerfile", "err_cmd", "err_stdin", "image_pull_secrets",
    "memory_volume", "secrets",
)  # fmt: skip
_UNSUPPORTED_PFS = (
    "commit", "group_by", "join_on", "lazy", "outer_join", "propagation_spec", "reference",
    "repo_type", "s3", "trigger",
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
    tree = _parse_input(fields.get("input"), "input")
    _check_input_names(tree, "input")
    if any(leaf.repo == name for leaf in pfs_inputs(tree)):
        raise InvalidSpec(f"pipeline {name!r} reads its own output repo", hint="read another repo")
    return PipelineSpec(
        name=name,
        description=fields.text("description", ""),
        transform=_parse_transform(fields),
        input=tree,
        parallelism=_parallelism(fields),
        output_branch=_branch(fields, "output_branch", DEFAULT_BRANCH),
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
    _default_project(head)
    return _name(head, "name")


def _default_project(fields: SpecFields) -> None:
    project = fields.get("project")
    name = project.get("name") if isinstance(project, Mapping) else project
    if name not in (None, "", "default"):
        raise InvalidSpec(
            f"{fields.at('project')} other than 'default' is not supported yet",
            hint="remove it from the spec",
        )


def _name(fields: SpecFields, key: str) -> str:
    try:
        return check_repo_name(fields.text(key))
    except InvalidName as error:
        raise InvalidSpec(f"{fields.at(key)}: {error.message}", hint=error.hint) from None


def _branch(fields: SpecFields, key: str, default: str) -> str:
    try:
        return check_ref_name(fields.text(key, default))
    except InvalidName as error:
        raise InvalidSpec(f"{fields.at(key)}: {error.message}", hint=error.hint) from None


def _parse_input(value: object, path: str) -> PipelineInput:
    fields = SpecFields(value, path, ("pfs", "cross", "union"), ("join", "group", "cron"))
    given = [kind for kind in ("pfs", "cross", "union") if fields.has(kind)]
    if len(given) != 1:
        raise InvalidSpec(
            f"{path} must have exactly one of pfs, cross and union",
            hint=f"it has {' and '.join(given)}" if given else "it has none",
        )
    kind = given[0]
    if kind == "pfs":
        return _parse_pfs(fields.get("pfs"), fields.at("pfs"))
    items = fields.items(kind)
    if not items:
        raise InvalidSpec(f"{fields.at(kind)} is empty")
    parts = tuple(
        _parse_input(item, f"{fields.at(kind)}[{index}]") for index, item in enumerate(items)
    )
    return CrossInput(parts) if kind == "cross" else UnionInput(parts)


def _parse_pfs(value: object, path: str) -> PfsInput:
    known = ("project", "name", "repo", "branch", "glob", "empty_files")
    fields = SpecFields(value, path, known, _UNSUPPORTED_PFS)
    _default_project(fields)
    repo = _name(fields, "repo")
    name = fields.text("name", repo)
    if not _INPUT_NAME.fullmatch(name) or name in _TAKEN_NAMES:
        raise InvalidSpec(
            f"{fields.at('name')}: {name!r} cannot name an input",
            hint="use letters, digits, '_', '-' or '.'; a name such as out or PATH is taken",
        )
    return PfsInput(
        name=name,
        repo=repo,
        branch=_branch(fields, "branch", DEFAULT_BRANCH),
        glob=_glob(fields),
        empty_files=fields.flag("empty_files"),
    )


def _glob(fields: SpecFields) -> str:
    text = fields.text("glob")
    if not text.startswith("/"):
        raise InvalidSpec(
            f"{fields.at('glob')} must start with '/', not {text!r}", hint=f"write /{text}"
        )
    try:
        Glob(text)
    except ValueError as error:
        raise InvalidSpec(f"{fields.at('glob')}: {error}") from None
    return text


def _check_input_names(node: PipelineInput, path: str) -> None:
    """In a cross every part fills folders of its own, so no name may come twice."""
    if isinstance(node, PfsInput):
        return
    kind = "cross" if isinstance(node, CrossInput) else "union"
    seen: set[str] = set()
    for index, part in enumerate(node.parts):
        where = f"{path}.{kind}[{index}]"
        _check_input_names(part, where)
        names = {leaf.name for leaf in pfs_inputs(part)}
        if kind == "cross" and names & seen:
            raise InvalidSpec(
                f"{where} uses the input name {min(names & seen)!r} again",
                hint="give each part of a cross its own name",
            )
        seen |= names


def _parse_transform(spec: SpecFields) -> Transform:
    if not spec.has("transform"):
        raise InvalidSpec("transform is missing", hint="give it an image and a cmd")
    known = ("image", "cmd", "stdin", "env", "user", "working_dir", "accept_return_code")
    fields = SpecFields(spec.get("transform"), "transform", known, _UNSUPPORTED_TRANSFORM)
    image = fields.text("image", "")
    cmd = fields.texts("cmd")
    if not image and not cmd:
        raise InvalidSpec("transform has neither image nor cmd", hint="name what is to be run")
    if cmd and not cmd[0]:
        raise InvalidSpec("transform.cmd[0] is empty", hint="name the program to be run")
    return Transform(
        image=image,
        cmd=cmd,
        stdin=fields.texts("stdin"),
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
