"""``datavc s3``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc_cli.completion import complete_s3_key
from datavc_cli.invocation import begin
from datavc_cli.options import Json, Quiet
from datavc_cli.output import write_json, write_json_list, write_table
from datavc_cli.wording import moment

app = typer.Typer(no_args_is_help=True, help="The S3 gateway of `datavc serve --s3`.")
_keys = typer.Typer(no_args_is_help=True, help="Access keys: make, list, revoke.")
app.add_typer(_keys, name="key")


@_keys.command()
def create(
    context: typer.Context,
    account: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Who is written down for what is done with it; else --author."
        ),
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Let it open nothing for writing.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make an access key. Its secret is shown now and never again.

    JSON: a NewS3Key.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        made = client.create_s3_key(account, read_only=read_only)
    if as_json:
        write_json(made)
        return
    write_table(
        ("ACCESS KEY ID", "SECRET ACCESS KEY", "ACCOUNT"), [(made.id, made.secret, made.account)]
    )
    invocation.say("The secret is not shown again. `datavc s3 key revoke` ends the key.")


@_keys.command("list")
def list_keys(context: typer.Context, as_json: Json = False, quiet: Quiet = False) -> None:
    """List all access keys, without their secrets.

    JSON: an array of S3KeyInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        found = client.list_s3_keys()
    if as_json:
        write_json_list(found)
    elif not found:
        invocation.advise("There is no access key yet. Make one: datavc s3 key create")
    else:
        rows = [
            (each.id, each.account, "read" if each.read_only else "write", moment(each.created_us))
            for each in found
        ]
        write_table(("ACCESS KEY ID", "ACCOUNT", "OPENS FOR", "CREATED"), rows)


@_keys.command()
def revoke(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="ACCESS_KEY_ID", autocompletion=complete_s3_key)],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Let an access key open nothing any more.

    JSON: {"revoked": ACCESS_KEY_ID}.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        client.revoke_s3_key(key)
    invocation.answer({"revoked": key}, f"revoked {key}")
