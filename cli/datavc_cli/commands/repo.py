"""``datavc repo``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc_cli.invocation import begin
from datavc_cli.options import Force, Json, Quiet, Repo
from datavc_cli.output import write_fields, write_json, write_json_list, write_table
from datavc_cli.wording import moment, size

app = typer.Typer(no_args_is_help=True, help="Create, list, inspect and delete repos.")


@app.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    description: Annotated[
        str, typer.Option("--description", "-d", metavar="TEXT", help="What it holds.")
    ] = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Create an empty repo.

    JSON: a RepoInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        made = client.create_repo(name, description=description)
    invocation.answer(made, f"created repo {made.name}")


@app.command("list")
def list_repos(context: typer.Context, as_json: Json = False, quiet: Quiet = False) -> None:
    """List all repos.

    JSON: an array of RepoInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        repos = client.list_repos()
    if as_json:
        write_json_list(repos)
    elif not repos:
        invocation.advise("There is no repo yet. Create one: datavc repo create NAME")
    else:
        rows = [
            (
                repo.name,
                f"{repo.files:,}",
                size(repo.bytes),
                moment(repo.created_us),
                repo.pipeline or "-",
                repo.description,
            )
            for repo in repos
        ]
        header = ("NAME", "FILES", "SIZE", "CREATED", "PIPELINE", "DESCRIPTION")
        write_table(header, rows, right="FILES SIZE")


@app.command()
def inspect(
    context: typer.Context, repo: Repo, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Show one repo.

    JSON: a RepoInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        found = client.get_repo(repo)
    if as_json:
        write_json(found)
        return
    write_fields(
        [
            ("name", found.name),
            ("description", found.description),
            ("default branch", found.default_branch),
            ("created", moment(found.created_us)),
            ("files", f"{found.files:,}"),
            ("size", size(found.bytes)),
            ("written by pipeline", found.pipeline or ""),
        ]
    )


@app.command()
def delete(
    context: typer.Context,
    repo: Repo,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Delete a repo with its branches, tags and commits.

    JSON: {"deleted": NAME}.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        client.delete_repo(repo, force=force)
    invocation.answer({"deleted": repo}, f"deleted repo {repo}")
