"""``datavc auth token``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from datavc_cli.completion import complete_account
from datavc_cli.invocation import begin
from datavc_cli.options import Json, Quiet
from datavc_cli.output import write_json, write_json_list, write_table
from datavc_cli.wording import moment

if TYPE_CHECKING:
    from datavc.model.account import TokenInfo

app = typer.Typer(no_args_is_help=True, help="What shows who one is: create, list, revoke.")

_Account = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", autocompletion=complete_account, help="Whose; for admins. Else your own."
    ),
]


@app.command()
def create(
    context: typer.Context,
    account: _Account = None,
    name: Annotated[str, typer.Option(metavar="TEXT", help="What it is for.")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE:REPOS[@BRANCHES]", help="What it may be used for at most; once for each."
        ),
    ] = None,
    expires: Annotated[
        str | None, typer.Option(metavar="TIME", help="How long it holds: 90d, 12h, ...")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make a token, and print it: the only time that it can be seen.

    JSON: a NewToken.
    """
    from datavc.client.access import in_seconds
    from datavc_cli.duration import parse_duration
    from datavc_cli.output import write_line

    invocation = begin(context, as_json=as_json, quiet=quiet)
    end = None if expires is None else in_seconds(parse_duration(expires))
    with invocation.connect() as client:
        made = client.create_token(account, name=name, scopes=scope or (), expires_us=end)
    if as_json:
        write_json(made)
        return
    write_line(made.token)
    invocation.advise(
        f"That is the token {made.info.id} of {made.info.account}; it is not shown again."
    )


@app.command("list")
def list_tokens(
    context: typer.Context, account: _Account = None, as_json: Json = False, quiet: Quiet = False
) -> None:
    """List your tokens, without their secrets; an admin sees those of all.

    JSON: an array of TokenInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        found = client.list_tokens(account)
    if as_json:
        write_json_list(found)
    elif not found:
        invocation.advise("There is no token yet. Make one: datavc auth token create")
    else:
        rows = [
            (
                one.id,
                one.account,
                one.name or "-",
                _state(one),
                ", ".join(one.scopes) or "all",
                moment(one.expires_us),
                moment(one.last_used_us),
            )
            for one in found
        ]
        write_table(("TOKEN", "ACCOUNT", "NAME", "STATE", "SCOPES", "EXPIRES", "USED"), rows)


@app.command()
def revoke(
    context: typer.Context,
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="Its id, as listed.")],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Let a token hold no more, at once.

    JSON: {"revoked": TOKEN}.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        client.revoke_token(token)
    invocation.answer({"revoked": token}, f"revoked token {token}")


def _state(token: TokenInfo) -> str:
    if token.revoked_us is not None:
        return "revoked"
    is_over = token.expires_us is not None and token.expires_us <= time.time() * 1_000_000
    return "expired" if is_over else "holds"
