"""``datavc auth role``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc_cli.completion import complete_account, complete_role
from datavc_cli.invocation import begin
from datavc_cli.options import Json, Quiet
from datavc_cli.output import write_json_list, write_table
from datavc_cli.wording import moment

app = typer.Typer(no_args_is_help=True, help="Who may do what, and where: grant, revoke, list.")

_Holder = Annotated[
    str,
    typer.Argument(
        metavar="ACCOUNT", autocompletion=complete_account, help="An account; or a group, --group."
    ),
]
_Role = Annotated[
    str,
    typer.Argument(
        metavar="ROLE", autocompletion=complete_role, help="reader, writer, maintainer or admin."
    ),
]
_Place = Annotated[
    str,
    typer.Argument(
        metavar="REPOS[@BRANCHES]",
        help="Names or patterns: * stands for any characters, ? for one.",
    ),
]
_Group = Annotated[bool, typer.Option("--group", help="It is a group's role.")]


@app.command()
def grant(
    context: typer.Context,
    holder: _Holder,
    role: _Role,
    place: _Place = "*",
    group: _Group = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Give an account or a group a role, in some repos and on some branches; else in all.

    A reader reads; a writer also commits, merges and moves branches; a maintainer also makes and
    deletes repos, tags, protections, rules and pipelines; an admin also says who may do what, and
    an admin of all repos looks after the whole datavc. Branches narrow down what may be changed:
    whoever has a role in a repo may read all of it.

    JSON: {"granted": ROLE, "to": HOLDER, "in": PLACE}.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        client.grant_role(holder, role, place, group=group)
    invocation.answer(
        {"granted": role, "to": holder, "in": place}, f"{holder} is {role} of {place}"
    )


@app.command()
def revoke(
    context: typer.Context,
    holder: _Holder,
    role: _Role,
    place: _Place = "*",
    group: _Group = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Take a role away, which was granted just so.

    JSON: {"revoked": ROLE, "of": HOLDER, "in": PLACE}.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        client.revoke_role(holder, role, place, group=group)
    invocation.answer(
        {"revoked": role, "of": holder, "in": place}, f"{holder} is not {role} of {place} any more"
    )


@app.command("list")
def list_roles(context: typer.Context, as_json: Json = False, quiet: Quiet = False) -> None:
    """List who has which role; what one may know of it.

    JSON: an array of RoleBinding.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        found = client.list_roles()
    if as_json:
        write_json_list(found)
    elif not found:
        invocation.advise("No role is granted yet. Grant one: datavc auth role grant NAME ROLE")
    else:
        rows = [
            (
                one.holder_kind.value,
                one.holder,
                one.role,
                one.repos,
                one.branches,
                one.author,
                moment(one.created_us),
            )
            for one in found
        ]
        write_table(("KIND", "HOLDER", "ROLE", "REPOS", "BRANCHES", "BY", "SINCE"), rows)
