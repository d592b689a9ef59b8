"""``datavc tag``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc_cli.completion import complete_address
from datavc_cli.invocation import begin
from datavc_cli.named_ref import split_named_ref
from datavc_cli.options import Json, Quiet, Repo
from datavc_cli.output import write_json_list, write_table
from datavc_cli.wording import moment, short

app = typer.Typer(no_args_is_help=True, help="Create, list and delete tags.")


@app.command()
def create(
    context: typer.Context,
    tag: Annotated[str, typer.Argument(metavar="REPO@TAG")],
    target: Annotated[
        str | None,
        typer.Option("--at", metavar="REF", help="What to tag; else the default branch's head."),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Give a commit a name that does not move.

    JSON: a TagInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    repo, name = split_named_ref(tag, "tag")
    with invocation.connect() as client:
        made = client.create_tag(repo, name, target=target)
    invocation.answer(made, f"tagged {short(made.commit)} as {repo}@{name}")


@app.command("list")
def list_tags(
    context: typer.Context, repo: Repo, as_json: Json = False, quiet: Quiet = False
) -> None:
    """List a repo's tags.

    JSON: an array of TagInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        tags = client.list_tags(repo)
    if as_json:
        write_json_list(tags)
    elif not tags:
        invocation.advise(f"{repo} has no tag. Create one: datavc tag create {repo}@NAME")
    else:
        rows = [(tag.name, short(tag.commit), moment(tag.created_us), tag.author) for tag in tags]
        write_table(("TAG", "COMMIT", "CREATED", "AUTHOR"), rows)


@app.command()
def delete(
    context: typer.Context,
    tag: Annotated[str, typer.Argument(metavar="REPO@TAG", autocompletion=complete_address)],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Delete a tag. Its commit stays.

    JSON: {"deleted": REPO@TAG}.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    repo, name = split_named_ref(tag, "tag")
    with invocation.connect() as client:
        client.delete_tag(repo, name)
    invocation.answer({"deleted": f"{repo}@{name}"}, f"deleted tag {repo}@{name}")
