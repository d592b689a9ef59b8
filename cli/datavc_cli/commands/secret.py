"""``datavc secret``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from datavc_cli.completion import complete_secret
from datavc_cli.invocation import begin
from datavc_cli.options import Force, Json, Quiet
from datavc_cli.output import write_json_list, write_table
from datavc_cli.wording import moment

app = typer.Typer(
    no_args_is_help=True, help="What transforms need to know and nobody else: set, list, delete."
)

_Name = Annotated[str, typer.Argument(metavar="NAME", autocompletion=complete_secret)]


@app.command()
def create(
    context: typer.Context,
    name: _Name,
    values: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY=FILE...",
            help="Values, each in a file; - for stdin. KEY alone is asked for.",
        ),
    ],
    update: Annotated[
        bool, typer.Option("--update", help="Put it in the place of one that exists.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make a secret of one or more values. It is encrypted where it is kept, and never shown.

    A value is never part of the command line, which others on the machine can see.

    JSON: a SecretInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    read = dict(_read(value) for value in values)
    with invocation.connect() as client:
        made = client.create_secret(name, read, update=update)
    invocation.answer(made, f"secret {name} holds {', '.join(made.keys)}")


@app.command("list")
def list_secrets(context: typer.Context, as_json: Json = False, quiet: Quiet = False) -> None:
    """List all secrets, without their values.

    JSON: an array of SecretInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        found = client.list_secrets()
    if as_json:
        write_json_list(found)
    elif not found:
        invocation.advise("There is no secret yet. Make one: datavc secret create NAME KEY=FILE")
    else:
        rows = [
            (each.name, ", ".join(each.keys), each.author, moment(each.created_us))
            for each in found
        ]
        write_table(("SECRET", "VALUES", "BY", "CREATED"), rows)


@app.command()
def delete(
    context: typer.Context,
    name: _Name,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Delete a secret.

    JSON: {"deleted": NAME}.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        client.delete_secret(name, force=force)
    invocation.answer({"deleted": name}, f"deleted secret {name}")


def _read(argument: str) -> tuple[str, bytes]:
    from datavc.errors import SourceUnreadable

    key, given, place = argument.partition("=")
    if not given:
        return key, typer.prompt(key, hide_input=True, err=True).encode()
    if place == "-":
        return key, sys.stdin.buffer.read()
    try:
        return key, Path(place).read_bytes()
    except OSError as error:
        raise SourceUnreadable(
            f"the value {key!r} cannot be read from {place!r}: {error.strerror}",
            hint="give the file that holds it; a value itself does not belong on a command line",
        ) from None
