"""Reading the ``input`` of a pipeline spec."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from datavc.errors import InvalidInput, InvalidSpec
from datavc.model.address import DEFAULT_BRANCH
from datavc.model.branch_trigger import BranchTrigger
from datavc.model.capture import captures_used
from datavc.model.cron_schedule import CronSchedule
from datavc.model.glob import Glob
from datavc.model.pipeline_input import (
    CronTicks,
    CrossInput,
    GroupInput,
    JoinInput,
    PfsInput,
    PipelineInput,
    UnionInput,
    pfs_inputs,
    trigger_branch,
)
from datavc.model.spec_fields import SpecFields

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")
# The output folder, and variables that decide what a command means: an input name is one too.
_TAKEN_NAMES = ("out", "ENV", "HOME", "IFS", "LD_LIBRARY_PATH", "LD_PRELOAD", "PATH", "TMPDIR")
_KINDS = ("pfs", "cross", "union", "join", "group", "cron")
_COMBINED: dict[str, type[CrossInput | UnionInput | JoinInput | GroupInput]] = {
    "cross": CrossInput,
    "union": UnionInput,
    "join": JoinInput,
    "group": GroupInput,
}
_PFS = (
    "project", "name", "repo", "branch", "glob", "empty_files", "join_on", "outer_join", "group_by",
    "trigger", "lazy", "repo_type", "s3",
)  # fmt: skip
_CRON = ("project", "name", "repo", "spec", "time_zone", "start", "overwrite")
_UNSUPPORTED_PFS = {
    "commit": "let the input read a branch that stays at that commit",
    "propagation_spec": "let a branch be moved by hand or by a trigger",
    "reference": "read such files from another repo by the SDK in the transform: network: true",
}
_UNSUPPORTED_CRON = {"commit": "a cron input reads the newest tick"}
#: The kind of repo that every repo is.
_REPO_TYPE = "user"


_TRIGGER = ("branch", "all", "rate_limit_spec", "cron_spec", "size", "commits")


def parse_input(value: object, path: str, pipeline: str) -> PipelineInput:
    """Read an input and what is nested in it.

    Args:
        value: the object as parsed from YAML or JSON.
        path: where it stands in the spec.
        pipeline: the pipeline's name, which the repos of its ``cron`` inputs are named after.

    Raises:
        InvalidSpec: a field is missing, malformed, unknown or not supported; names its full path.
    """
    return _parse(value, path, pipeline, itertools.count(1))


def _parse(value: object, path: str, pipeline: str, numbers: Iterator[int]) -> PipelineInput:
    fields = SpecFields(value, path, _KINDS)
    given = [kind for kind in _KINDS if fields.has(kind)]
    if len(given) != 1:
        raise InvalidSpec(
            f"{path} must have exactly one of {', '.join(_KINDS[:-1])} and {_KINDS[-1]}",
            hint=f"it has {' and '.join(given)}" if given else "it has none",
        )
    kind = given[0]
    if kind == "pfs":
        return _parse_pfs(fields.get("pfs"), fields.at("pfs"), pipeline, numbers)
    if kind == "cron":
        return _parse_cron(fields.get("cron"), fields.at("cron"), pipeline)
    items = fields.items(kind)
    where = fields.at(kind)
    if not items:
        raise InvalidSpec(f"{where} is empty")
    parts = tuple(
        _parse(item, f"{where}[{index}]", pipeline, numbers) for index, item in enumerate(items)
    )
    if kind != "union":
        _check_names(kind, parts, where)
    if kind in ("join", "group"):
        _refuse_s3(kind, parts, where)
        _check_keys(kind, parts, where)
    return _COMBINED[kind](parts)


def _parse_pfs(value: object, path: str, pipeline: str, numbers: Iterator[int]) -> PfsInput:
    fields = SpecFields(value, path, _PFS, _UNSUPPORTED_PFS)
    fields.refuse_project()
    _check_repo_type(fields)
    repo = fields.repo("repo")
    glob = _glob(fields)
    trigger = _parse_trigger(fields)
    branch = fields.branch("branch")
    if trigger is not None and not fields.has("branch"):
        branch = trigger_branch(pipeline, next(numbers))
    if trigger is not None and trigger.source == branch:
        raise InvalidSpec(
            f"{fields.at('trigger')}: branch {branch!r} cannot follow itself",
            hint="name the branch to be followed in trigger.branch",
        )
    return PfsInput(
        name=_input_name(fields, repo),
        repo=repo,
        branch=branch,
        s3=_s3(fields, glob),
        trigger=trigger,
        glob=glob.pattern,
        empty_files=fields.flag("empty_files"),
        lazy=fields.flag("lazy"),
        join_on=_key(fields, "join_on", glob),
        outer_join=fields.flag("outer_join"),
        group_by=_key(fields, "group_by", glob),
    )


def _s3(fields: SpecFields, glob: Glob) -> bool:
    """Whether the input is a bucket, of which a part is no datum and a file no pipe."""
    if not fields.flag("s3"):
        return False
    if glob.pattern != "/":
        raise InvalidSpec(
            f"{fields.at('glob')} must be '/' where s3 is set, not {glob.pattern!r}",
            hint="a bucket is one datum; cross it with an input of files to have more",
        )
    for name in ("lazy", "empty_files"):
        if fields.flag(name):
            raise InvalidSpec(
                f"{fields.at(name)} is of files, and where s3 is set there are none",
                hint="remove it: objects are read when the transform asks for them",
            )
    return True


def _check_repo_type(pfs: SpecFields) -> None:
    given = pfs.text("repo_type", "") or _REPO_TYPE
    if given != _REPO_TYPE:
        raise InvalidSpec(
            f"{pfs.at('repo_type')} {given!r} is not supported",
            hint="every repo is of the type 'user'; specs and datums: `datavc pipeline inspect`, "
            "`datavc datum list`",
        )


def _parse_trigger(pfs: SpecFields) -> BranchTrigger | None:
    if not pfs.has("trigger"):
        return None
    fields = SpecFields(pfs.get("trigger"), pfs.at("trigger"), _TRIGGER)
    size = fields.bytes("size")
    try:
        return BranchTrigger(
            source=fields.branch("branch"),
            commits=fields.count("commits", 1) if fields.has("commits") else None,
            size=size,
            rate_limit=fields.text("rate_limit_spec", ""),
            cron=fields.text("cron_spec", ""),
            all=fields.flag("all"),
        )
    except InvalidSpec:
        raise
    except InvalidInput as error:
        raise InvalidSpec(f"{fields.path}: {error.message}", hint=error.hint) from None


def _parse_cron(value: object, path: str, pipeline: str) -> PfsInput:
    fields = SpecFields(value, path, _CRON, _UNSUPPORTED_CRON)
    fields.refuse_project()
    name = _input_name(fields, None)
    spec, time_zone = fields.text("spec"), fields.text("time_zone", "")
    try:
        schedule = CronSchedule(spec, time_zone)
    except InvalidInput as error:
        raise InvalidSpec(f"{fields.at('spec')}: {error.message}", hint=error.hint) from None
    return PfsInput(
        name=name,
        repo=fields.repo("repo", f"{pipeline}_{name}"),
        branch=DEFAULT_BRANCH,
        glob="/*",
        cron=CronTicks(schedule, fields.moment("start"), fields.flag("overwrite")),
    )


def _input_name(fields: SpecFields, default: str | None) -> str:
    name = fields.text("name", default)
    if not _NAME.fullmatch(name) or name in _TAKEN_NAMES:
        raise InvalidSpec(
            f"{fields.at('name')}: {name!r} cannot name an input",
            hint="use letters, digits, '_', '-' or '.'; a name such as out or PATH is taken",
        )
    return name


def _glob(fields: SpecFields) -> Glob:
    text = fields.text("glob")
    if not text.startswith("/"):
        raise InvalidSpec(
            f"{fields.at('glob')} must start with '/', not {text!r}", hint=f"write /{text}"
        )
    try:
        return Glob(text)
    except ValueError as error:
        raise InvalidSpec(f"{fields.at('glob')}: {error}") from None


def _key(fields: SpecFields, key: str, glob: Glob) -> str | None:
    """What to join or group by; Pachyderm writes ``""`` where it is not used."""
    template = fields.text(key, "")
    if not template:
        return None
    missing = sorted(number for number in captures_used(template) if number not in glob.captures)
    if missing:
        raise InvalidSpec(
            f"{fields.at(key)}: ${missing[0]} stands for nothing in the glob {glob.pattern!r}",
            hint="put round brackets around that part of the glob",
        )
    return template


def _check_names(kind: str, parts: tuple[PipelineInput, ...], where: str) -> None:
    """Each part fills folders of its own; a datum of a group has the files of all of them."""
    seen: set[str] = set()
    for index, part in enumerate(parts):
        names = [leaf.name for leaf in pfs_inputs(part)]
        twice = {name for name in names if names.count(name) > 1} if kind == "group" else set()
        again = twice | (set(names) & seen)
        if again:
            raise InvalidSpec(
                f"{where}[{index}] uses the input name {min(again)!r} again",
                hint=f"give each part of a {kind} its own name",
            )
        seen.update(names)


def _refuse_s3(kind: str, parts: tuple[PipelineInput, ...], where: str) -> None:
    for index, part in enumerate(parts):
        for leaf in pfs_inputs(part):
            if leaf.s3:
                raise InvalidSpec(
                    f"{where}[{index}]: input {leaf.name!r} has s3 set, which a {kind} cannot have",
                    hint="use a cross or a union, or leave out s3",
                )


def _check_keys(kind: str, parts: tuple[PipelineInput, ...], where: str) -> None:
    field = "join_on" if kind == "join" else "group_by"
    for index, part in enumerate(parts):
        if not any(_has_key(leaf, field) for leaf in pfs_inputs(part)):
            inner = ".pfs" if isinstance(part, PfsInput) else ""
            raise InvalidSpec(
                f"{where}[{index}]{inner} has no {field}",
                hint=f"say what to {kind} by, such as $1 for what the glob's brackets match",
            )


def _has_key(leaf: PfsInput, field: str) -> bool:
    return (leaf.join_on if field == "join_on" else leaf.group_by) is not None
