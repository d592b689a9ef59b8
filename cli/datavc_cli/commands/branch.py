"""``datavc branch``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from datavc_cli.invocation import begin
from datavc_cli.named_ref import split_named_ref
from datavc_cli.options import BranchAddress, Json, NoRun, Quiet, Repo
from datavc_cli.output import write_json, write_json_list, write_table
from datavc_cli.wording import moment, short

app = typer.Typer(no_args_is_help=True, help="Create, list, move and delete branches.")


@app.command()
def create(
    context: typer.Context,
    branch: Annotated[str, typer.Argument(metavar="REPO@BRANCH")],
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="REF", help="Where it starts; else it has no commit yet."),
    ] = None,
    no_run: NoRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Create a branch. It costs the same whatever the size of the repo.

    Pipelines that read a branch of this name run, if it starts at a commit.

    JSON: a BranchInfo, and "jobs", an array of JobInfo.
    """
    from datavc_cli.landing import run_pipelines, tell_jobs

    invocation = begin(context, as_json=as_json, quiet=quiet)
    repo, name = split_named_ref(branch, "branch")
    with invocation.connect() as client:
        made = client.create_branch(repo, name, start=start, run=False)
        jobs = run_pipelines(invocation, client, made, no_run=no_run)
    if as_json:
        write_json({**asdict(made), "jobs": jobs})
    at = f" at {short(made.head)}" if made.head else ", without a commit yet"
    invocation.say(f"created branch {repo}@{name}{at}")
    raise typer.Exit(tell_jobs(invocation, jobs))


@app.command("list")
def list_branches(
    context: typer.Context, repo: Repo, as_json: Json = False, quiet: Quiet = False
) -> None:
    """List a repo's branches.

    JSON: an array of BranchInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        branches = client.list_branches(repo)
    if as_json:
        write_json_list(branches)
    elif not branches:
        invocation.advise(f"{repo} has no branch. Create one: datavc branch create {repo}@NAME")
    else:
        rows = [(branch.name, short(branch.head), moment(branch.updated_us)) for branch in branches]
        write_table(("BRANCH", "HEAD", "MOVED"), rows)


@app.command()
def move(
    context: typer.Context,
    branch: BranchAddress,
    target: Annotated[str, typer.Argument(metavar="REF", help="What it shall point at.")],
    expected: Annotated[
        str | None,
        typer.Option("--expect", metavar="REF", help="Move it only if its head is this."),
    ] = None,
    no_run: NoRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Let a branch point at another commit, forward or back, and run the pipelines that read it.

    `datavc reflog` keeps the old one. When a job fails, the move stands, and the exit code is 1.

    JSON: a BranchInfo, and "jobs", an array of JobInfo.
    """
    from datavc_cli.landing import run_pipelines, tell_jobs

    invocation = begin(context, as_json=as_json, quiet=quiet)
    repo, name = split_named_ref(branch, "branch")
    with invocation.connect() as client:
        moved = client.move_branch(repo, name, target, expected=expected, run=False)
        invocation.say(f"{repo}@{name} is at {short(moved.head)} now")
        jobs = run_pipelines(invocation, client, moved, no_run=no_run)
    if as_json:
        write_json({**asdict(moved), "jobs": jobs})
    raise typer.Exit(tell_jobs(invocation, jobs))


@app.command()
def delete(
    context: typer.Context, branch: BranchAddress, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Delete a branch. Its commits stay.

    JSON: {"deleted": REPO@BRANCH}.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    repo, name = split_named_ref(branch, "branch")
    with invocation.connect() as client:
        client.delete_branch(repo, name)
    if as_json:
        write_json({"deleted": f"{repo}@{name}"})
    invocation.say(f"deleted branch {repo}@{name}")


_Pattern = Annotated[
    str, typer.Argument(metavar="PATTERN", help="Glob over branch names, such as 'release/*'.")
]


@app.command()
def protect(
    context: typer.Context,
    repo: Repo,
    pattern: _Pattern,
    allow_commits: Annotated[
        bool, typer.Option("--allow-commits", help="Forbid only moves and deletion.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Let branches be changed by merges only: no commit, no move, no undo, no deletion.

    Pipelines write their own outputs all the same.

    JSON: a Protection.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        rule = client.protect(repo, pattern, allow_commits=allow_commits)
    if as_json:
        write_json(rule)
    takes = "cannot be moved or deleted" if allow_commits else "take merges only"
    invocation.say(f"branches {pattern!r} of {repo} {takes}")


@app.command()
def unprotect(
    context: typer.Context,
    repo: Repo,
    pattern: _Pattern,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Lift a protection.

    JSON: {"unprotected": PATTERN}.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        client.unprotect(repo, pattern)
    if as_json:
        write_json({"unprotected": pattern})
    invocation.say(f"branches {pattern!r} of {repo} are not protected any more")


@app.command()
def protections(
    context: typer.Context, repo: Repo, as_json: Json = False, quiet: Quiet = False
) -> None:
    """List which branches are protected.

    JSON: an array of Protection.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        rules = client.list_protections(repo)
    if as_json:
        write_json_list(rules)
    elif not rules:
        invocation.advise(f"No branch of {repo} is protected.")
    else:
        rows = [
            (
                rule.pattern,
                "moves, deletion" if rule.allow_commits else "commits, moves, deletion",
                rule.author,
                moment(rule.created_us),
            )
            for rule in rules
        ]
        write_table(("BRANCHES", "FORBIDDEN", "BY", "SINCE"), rows)
