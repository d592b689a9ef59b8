"""``datavc auth account``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from datavc_cli.completion import complete_account
from datavc_cli.invocation import begin
from datavc_cli.options import Json, Quiet
from datavc_cli.output import write_fields, write_json, write_json_list, write_table
from datavc_cli.wording import moment, size

if TYPE_CHECKING:
    from datavc.model.account import Limits

app = typer.Typer(no_args_is_help=True, help="Users, services, pipelines: create, list, disable.")

_Name = Annotated[str, typer.Argument(metavar="ACCOUNT", autocompletion=complete_account)]


@app.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Such as an e-mail address.")],
    service: Annotated[
        bool, typer.Option("--service", help="A program stands behind it, and no person.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make an account, which may do nothing until it is given a role.

    JSON: an AccountInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        made = client.create_account(name, service=service)
    invocation.answer(made, f"created account {name}")
    invocation.advise(f"Give it a role: datavc auth role grant {name} ROLE REPOS")


@app.command("list")
def list_accounts(context: typer.Context, as_json: Json = False, quiet: Quiet = False) -> None:
    """List all accounts, also those that pipelines act as, with what they were given.

    JSON: an array of AccountInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        found = client.list_accounts()
    if as_json:
        write_json_list(found)
    elif not found:
        invocation.advise("There is no account yet. Make one: datavc auth account create NAME")
    else:
        rows = [
            (
                one.name,
                one.kind.value,
                "disabled" if one.is_disabled else "enabled",
                ", ".join(one.groups) or "-",
                ", ".join(one.roles) or "-",
                describe(one.limits) or "-",
                moment(one.created_us),
            )
            for one in found
        ]
        write_table(("ACCOUNT", "KIND", "STATE", "GROUPS", "ROLES", "LIMITS", "CREATED"), rows)


@app.command()
def show(context: typer.Context, name: _Name, as_json: Json = False, quiet: Quiet = False) -> None:
    """Show an account: what stands behind it, and what it was given itself.

    JSON: an AccountInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        found = client.get_account(name)
    if as_json:
        write_json(found)
        return
    write_fields(
        (
            ("account", found.name),
            ("kind", found.kind.value),
            ("state", "disabled" if found.is_disabled else "enabled"),
            ("groups", ", ".join(found.groups)),
            ("roles", ", ".join(found.roles) or "none"),
            ("limits", describe(found.limits)),
            ("login", f"{found.subject} of {found.issuer}" if found.issuer else ""),
            ("created", f"{moment(found.created_us)} by {found.author}"),
        )
    )


@app.command()
def disable(
    context: typer.Context, name: _Name, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Let an account in no more, at once; its tokens and roles stay for when it is enabled.

    JSON: an AccountInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        found = client.disable_account(name)
    invocation.answer(found, f"disabled account {name}")


@app.command()
def enable(
    context: typer.Context, name: _Name, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Let a disabled account in again.

    JSON: an AccountInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        found = client.enable_account(name)
    invocation.answer(found, f"enabled account {name}")


@app.command()
def limit(
    context: typer.Context,
    name: _Name,
    max_bytes: Annotated[
        str | None,
        typer.Option("--bytes", metavar="SIZE", help="What its repos may hold, such as 500Gi."),
    ] = None,
    repos: Annotated[int | None, typer.Option(min=0, help="Repos that it may make.")] = None,
    requests: Annotated[int | None, typer.Option(min=1, help="Requests a minute.")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say how much an account may take. What is not named has no limit from then on.

    JSON: an AccountInfo.
    """
    from datavc.model.account import Limits

    invocation = begin(context, as_json=as_json, quiet=quiet)
    limits = Limits(None if max_bytes is None else _bytes(max_bytes), repos, requests)
    with invocation.connect() as client:
        found = client.limit_account(name, limits)
    taken = describe(found.limits) or "whatever it wants"
    invocation.answer(found, f"account {name} may take: {taken}")


@app.command()
def link(
    context: typer.Context,
    name: _Name,
    issuer: Annotated[str, typer.Argument(metavar="ISSUER", help="The provider's address.")] = "",
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="Who it is there.")] = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say who an account is to an OIDC provider; without ISSUER and SUBJECT, that it is nobody.

    Whoever logs in there without being linked to an account is told their subject.

    JSON: an AccountInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        found = client.link_account(name, issuer, subject)
    text = f"account {name} is {subject} of {issuer}" if issuer else f"unlinked {name}"
    invocation.answer(found, text)


@app.command()
def delete(
    context: typer.Context, name: _Name, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Delete an account with its tokens and roles; what it has done stays written down.

    That of a pipeline goes with the pipeline alone.

    JSON: {"deleted": NAME}.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        client.delete_account(name)
    invocation.answer({"deleted": name}, f"deleted account {name}")


def describe(limits: Limits) -> str:
    """Limits in words; empty where there are none."""
    parts = []
    if limits.max_bytes is not None:
        parts.append(size(limits.max_bytes))
    if limits.max_repos is not None:
        parts.append(f"{limits.max_repos} repos")
    if limits.requests_per_minute is not None:
        parts.append(f"{limits.requests_per_minute} requests a minute")
    return ", ".join(parts)


def _bytes(text: str) -> int:
    from datavc.errors import InvalidInput
    from datavc.model.size import parse_size

    found = 0 if text.strip() == "0" else parse_size(text.strip())
    if found is None:
        raise InvalidInput(f"{text!r} is no size", hint="write such as 64M or 500Gi")
    return found
