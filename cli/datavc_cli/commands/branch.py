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

app = typer.Typer(
    no_args_is_help=True,
    help="Branches: create, list, move, delete, protect, follow.",
)


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
    invocation.answer({"deleted": f"{repo}@{name}"}, f"deleted branch {repo}@{name}")


@app.command()
def trigger(
    context: typer.Context,
    branch: BranchAddress,
    source: Annotated[
        str | None, typer.Option("--follow", metavar="BRANCH", help="The branch to be followed.")
    ] = None,
    commits: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="After so many commits.")
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Once files of so many bytes differ: 10MB, 1Gi."),
    ] = None,
    rate_limit: Annotated[
        str | None,
        typer.Option(metavar="SCHEDULE", help="At most once between two ticks of it: '@hourly'."),
    ] = None,
    cron: Annotated[
        str | None, typer.Option(metavar="SCHEDULE", help="At its ticks: '0 4 * * *', '@daily'.")
    ] = None,
    all_of_them: Annotated[
        bool, typer.Option("--all", help="All conditions must hold, not just one.")
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Take the trigger away.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Let a branch follow another one of its repo, by commits, by size or by the clock.

    The pipelines that read it run then. A branch has one trigger; a new one takes its place.

    JSON: {"branch": REPO@BRANCH, "trigger": a BranchTrigger, or null}.
    """
    from datavc.errors import InvalidInput
    from datavc.model.branch_trigger import BranchTrigger
    from datavc.model.size import parse_size

    invocation = begin(context, as_json=as_json, quiet=quiet)
    repo, name = split_named_ref(branch, "branch")
    made = None
    if remove == (source is not None):
        raise InvalidInput("say which branch is to be followed: --follow BRANCH, or --remove")
    if source is not None:
        limit = None if size is None else parse_size(size)
        if size is not None and limit is None:
            raise InvalidInput(f"{size!r} is no size", hint="write 1048576, 64M, 1Gi or 10MB")
        made = BranchTrigger(source, commits, limit, rate_limit or "", cron or "", all_of_them)
    with invocation.connect() as client:
        if made is None:
            client.remove_trigger(repo, name)
        else:
            client.set_trigger(repo, name, made)
    invocation.answer(
        {"branch": f"{repo}@{name}", "trigger": made},
        f"{repo}@{name} stays where it is" if made is None else f"{repo}@{name} follows {source}",
    )


@app.command()
def triggers(
    context: typer.Context, repo: Repo, as_json: Json = False, quiet: Quiet = False
) -> None:
    """List which branches follow others.

    JSON: an object of BranchTrigger, by branch.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        found = client.list_triggers(repo)
    if as_json:
        write_json({name: asdict(each) for name, each in found.items()})
    elif not found:
        invocation.advise(f"No branch of {repo} follows another one.")
    else:
        rows = [(name, each.source, each.describe()) for name, each in sorted(found.items())]
        write_table(("BRANCH", "FOLLOWS", "WHEN"), rows)


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
    invocation.answer(
        {"unprotected": pattern}, f"branches {pattern!r} of {repo} are not protected any more"
    )


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
