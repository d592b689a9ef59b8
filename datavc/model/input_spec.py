"""Reading the ``input`` of a pipeline spec."""

from __future__ import annotations

import re

from datavc.errors import InvalidSpec
from datavc.model.capture import captures_used
from datavc.model.glob import Glob
from datavc.model.pipeline_input import (
    CrossInput,
    GroupInput,
    JoinInput,
    PfsInput,
    PipelineInput,
    UnionInput,
    pfs_inputs,
)
from datavc.model.spec_fields import SpecFields

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")
# The output folder, and variables that decide what a command means: an input name is one too.
_TAKEN_NAMES = ("out", "ENV", "HOME", "IFS", "LD_LIBRARY_PATH", "LD_PRELOAD", "PATH", "TMPDIR")
_KINDS = ("pfs", "cross", "union", "join", "group")
_COMBINED: dict[str, type[CrossInput | UnionInput | JoinInput | GroupInput]] = {
    "cross": CrossInput,
    "union": UnionInput,
    "join": JoinInput,
    "group": GroupInput,
}
_PFS = (
    "project", "name", "repo", "branch", "glob", "empty_files", "join_on", "outer_join", "group_by",
)  # fmt: skip
_UNSUPPORTED_PFS = (
    "commit", "lazy", "propagation_spec", "reference", "repo_type", "s3", "trigger",
)  # fmt: skip


def parse_input(value: object, path: str) -> PipelineInput:
    """Read an input and what is nested in it.

    Args:
        value: the object as parsed from YAML or JSON.
        path: where it stands in the spec.

    Raises:
        InvalidSpec: a field is missing, malformed, unknown or not supported; names its full path.
    """
    fields = SpecFields(value, path, _KINDS, ("cron",))
    given = [kind for kind in _KINDS if fields.has(kind)]
    if len(given) != 1:
        raise InvalidSpec(
            f"{path} must have exactly one of {', '.join(_KINDS[:-1])} and {_KINDS[-1]}",
            hint=f"it has {' and '.join(given)}" if given else "it has none",
        )
    kind = given[0]
    if kind == "pfs":
        return _parse_pfs(fields.get("pfs"), fields.at("pfs"))
    items = fields.items(kind)
    where = fields.at(kind)
    if not items:
        raise InvalidSpec(f"{where} is empty")
    parts = tuple(parse_input(item, f"{where}[{index}]") for index, item in enumerate(items))
    if kind != "union":
        _check_names(kind, parts, where)
    if kind in ("join", "group"):
        _check_keys(kind, parts, where)
    return _COMBINED[kind](parts)


def _parse_pfs(value: object, path: str) -> PfsInput:
    fields = SpecFields(value, path, _PFS, _UNSUPPORTED_PFS)
    fields.refuse_project()
    repo = fields.repo("repo")
    name = fields.text("name", repo)
    if not _NAME.fullmatch(name) or name in _TAKEN_NAMES:
        raise InvalidSpec(
            f"{fields.at('name')}: {name!r} cannot name an input",
            hint="use letters, digits, '_', '-' or '.'; a name such as out or PATH is taken",
        )
    glob = _glob(fields)
    return PfsInput(
        name=name,
        repo=repo,
        branch=fields.branch("branch"),
        glob=glob.pattern,
        empty_files=fields.flag("empty_files"),
        join_on=_key(fields, "join_on", glob),
        outer_join=fields.flag("outer_join"),
        group_by=_key(fields, "group_by", glob),
    )


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
