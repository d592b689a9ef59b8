"""``datavc retention``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc_cli.completion import complete_repo
from datavc_cli.duration import format_duration, parse_duration
from datavc_cli.invocation import begin
from datavc_cli.options import Json, Quiet, Repo
from datavc_cli.output import write_json_list, write_table

app = typer.Typer(
    no_args_is_help=True, help="Say for how long commits behind the heads of branches are kept."
)

Pattern = Annotated[
    str, typer.Argument(metavar="PATTERN", help="Glob over branch names, such as 'exp/*'.")
]


@app.command("set")
def set_rule(
    context: typer.Context,
    repo: Repo,
    pattern: Pattern,
    keep: Annotated[str, typer.Option(metavar="TIME", help="For how long, such as 90d.")],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Give up commits of some branches once they are old: the next `datavc gc` does it.

    Heads and tags are always kept, and all that branches without a rule lead to.

    JSON: {"repo": TEXT, "pattern": TEXT, "keep_s": SECONDS}.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    keep_s = parse_duration(keep)
    with invocation.connect() as client:
        client.set_retention(repo, pattern, keep_s)
    invocation.answer(
        {"repo": repo, "pattern": pattern, "keep_s": keep_s},
        f"commits of {repo}@{pattern} are kept for {format_duration(keep_s)}",
    )


@app.command("list")
def list_rules(
    context: typer.Context,
    repo: Annotated[
        str | None, typer.Argument(metavar="REPO", autocompletion=complete_repo)
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the rules of a repo, or of all.

    JSON: an array of RetentionRule.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        rules = client.list_retention(repo)
    if as_json:
        write_json_list(rules)
    elif not rules:
        invocation.advise("There is no rule: all that a ref leads to is kept for ever.")
    else:
        rows = [
            (rule.repo, rule.pattern, format_duration(rule.keep_s), rule.author) for rule in rules
        ]
        write_table(("REPO", "BRANCHES", "KEPT", "BY"), rows)


@app.command()
def remove(
    context: typer.Context,
    repo: Repo,
    pattern: Pattern,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Drop a rule. What it has made expire stays so.

    JSON: {"removed": PATTERN}.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        client.remove_retention(repo, pattern)
    invocation.answer({"removed": pattern}, f"dropped the rule for {repo}@{pattern}")
