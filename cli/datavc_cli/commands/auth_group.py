"""``datavc auth group``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc_cli.completion import complete_account, complete_group
from datavc_cli.invocation import begin
from datavc_cli.options import Json, Quiet
from datavc_cli.output import write_json_list, write_table
from datavc_cli.wording import moment

app = typer.Typer(no_args_is_help=True, help="Groups of accounts: create, list, add, remove.")

_Group = Annotated[str, typer.Argument(metavar="GROUP", autocompletion=complete_group)]
_Account = Annotated[str, typer.Argument(metavar="ACCOUNT", autocompletion=complete_account)]


@app.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="GROUP")],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make an empty group. A role that it is given is one of all its members.

    JSON: a GroupInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        made = client.create_group(name)
    invocation.answer(made, f"created group {name}")


@app.command("list")
def list_groups(context: typer.Context, as_json: Json = False, quiet: Quiet = False) -> None:
    """List all groups with their members.

    JSON: an array of GroupInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        found = client.list_groups()
    if as_json:
        write_json_list(found)
    elif not found:
        invocation.advise("There is no group yet. Make one: datavc auth group create NAME")
    else:
        rows = [(one.name, ", ".join(one.members) or "-", moment(one.created_us)) for one in found]
        write_table(("GROUP", "MEMBERS", "CREATED"), rows)


@app.command()
def add(
    context: typer.Context,
    group: _Group,
    account: _Account,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Put an account into a group.

    JSON: {"group": GROUP, "added": ACCOUNT}.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        client.add_member(group, account)
    invocation.answer({"group": group, "added": account}, f"account {account} is in group {group}")


@app.command()
def remove(
    context: typer.Context,
    group: _Group,
    account: _Account,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Take an account out of a group.

    JSON: {"group": GROUP, "removed": ACCOUNT}.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        client.remove_member(group, account)
    invocation.answer(
        {"group": group, "removed": account}, f"account {account} is not in group {group} any more"
    )


@app.command()
def delete(
    context: typer.Context, name: _Group, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Delete a group with its roles; its members stay.

    JSON: {"deleted": NAME}.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        client.delete_group(name)
    invocation.answer({"deleted": name}, f"deleted group {name}")
