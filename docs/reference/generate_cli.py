"""Writes ``cli.md`` from the command line itself: ``python docs/reference/generate_cli.py``."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from pathlib import Path

import typer

from datavc.client.gets import GetResult
from datavc.client.history import Status
from datavc.client.imports import ImportResult
from datavc.client.removals import RemoveResult
from datavc.model import (
    account,
    audit,
    commit_info,
    file_info,
    job,
    repo,
    reproduction,
    s3_key,
    spec_diff,
    spec_report,
)
from datavc_cli.app import build_app

PAGE = Path(__file__).with_name("cli.md")

_SHAPES = (
    repo.RepoInfo, repo.BranchInfo, repo.TagInfo, repo.RefMove, repo.StagedChange, Status,
    commit_info.CommitInfo, commit_info.Lineage, commit_info.LineageEdge,
    file_info.FileInfo, file_info.FileChange, file_info.DiffStats, file_info.PutResult,
    RemoveResult, GetResult, ImportResult,
    reproduction.Reproduction, reproduction.ReproducedDifference,
    job.PipelineInfo, job.JobInfo, job.DatumInfo, job.LogLine,
    s3_key.NewS3Key, s3_key.S3KeyInfo,
    spec_report.SpecReport, spec_report.SpecInput, spec_report.DatumPreview,
    spec_diff.PipelineDiff, spec_diff.SpecChange,
    account.AccountInfo, account.Limits, account.Usage, account.GroupInfo, account.RoleBinding,
    account.TokenInfo, account.NewToken, account.WhoAmI, audit.AuditEntry,
)  # fmt: skip


def render() -> str:
    """The whole page."""
    command = typer.main.get_command(build_app())
    context = command.make_context("datavc", [], resilient_parsing=True)
    lines = ["# The command line", "", *_paragraphs(command.help or ""), ""]
    lines += [*_parameters(command, context), *_paragraphs(command.epilog or ""), ""]
    for name in sorted(command.commands):
        lines += _section(command.commands[name], f"datavc {name}", context)
    lines += ["## JSON shapes", "", *_shapes()]
    return "\n".join(lines).rstrip() + "\n"


def _section(command: typer.core.TyperCommand, path: str, parent: typer.Context) -> list[str]:
    context = typer.Context(command, parent=parent, info_name=path.rpartition(" ")[2])
    children = getattr(command, "commands", None)
    if children is not None:
        lines: list[str] = []
        for name in sorted(children):
            lines += _section(children[name], f"{path} {name}", context)
        return lines
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    lines = [f"## {path}", "", f"    {usage}", "", *_paragraphs(command.help or ""), ""]
    return [*lines, *_parameters(command, context)]


def _parameters(command: typer.core.TyperCommand, context: typer.Context) -> list[str]:
    rows = [param.get_help_record(context) for param in command.get_params(context)]
    shown = [row for row in rows if row is not None and row[1] and "completion" not in row[0]]
    if not shown:
        return []
    body = [f"| `{_cell(name)}` | {_cell(text)} |" for name, text in shown]
    return ["| | |", "| --- | --- |", *body, ""]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _paragraphs(text: str) -> Iterator[str]:
    blocks = inspect.cleandoc(text).split("\n\n")
    for number, block in enumerate(blocks):
        if number:
            yield ""
        yield block if block.startswith("    ") else " ".join(block.split())


def _shapes() -> Iterator[str]:
    yield "Times are microseconds since the Unix epoch, UTC; sizes are bytes; ids are hex."
    yield ""
    for shape in _SHAPES:
        summary = inspect.cleandoc(shape.__doc__ or "").replace("\n", " ")
        yield f"**{shape.__name__}**: {summary}"
        yield ""
        for field in dataclasses.fields(shape):
            yield f"- `{field.name}`: `{_type(str(field.type))}`"
        yield ""


def _type(annotation: str) -> str:
    return annotation.replace("tuple[", "array[").replace(", ...]", "]").replace("None", "null")


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
