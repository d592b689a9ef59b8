"""``datavc auth``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from datavc_cli.commands import auth_account, auth_group, auth_role, auth_token
from datavc_cli.invocation import Invocation, begin
from datavc_cli.options import Json, Quiet
from datavc_cli.output import write_fields, write_json
from datavc_cli.wording import moment, size

app = typer.Typer(
    no_args_is_help=True, help="Who may do what on a server: log in, accounts, groups, roles."
)
app.add_typer(auth_account.app, name="account")
app.add_typer(auth_group.app, name="group")
app.add_typer(auth_role.app, name="role")
app.add_typer(auth_token.app, name="token")


@app.command()
def login(
    context: typer.Context,
    token_file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Holds the token; - for stdin. Else it is asked for."),
    ] = None,
    oidc: Annotated[
        bool, typer.Option("--oidc", help="Log in with a browser, at the server's OIDC provider.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Keep a token for the server, once the server has taken it.

    It goes into datavc/tokens.json below XDG_CONFIG_HOME (~/.config), a file that nobody else can
    read; DATAVC_TOKEN, where it is set, goes before. The server is that of --url or DATAVC_URL.

    JSON: a WhoAmI.
    """
    import datavc
    from datavc.client.saved_tokens import save_token

    invocation = begin(context, as_json=as_json, quiet=quiet)
    address = _server(invocation)
    token = _log_in(address) if oidc else _read_token(token_file)
    with datavc.connect(address, token=token, author=invocation.author) as client:
        who = client.whoami()
    place = save_token(address, token)
    invocation.answer(who, f"logged in to {address} as {who.account}; the token is kept in {place}")


@app.command()
def logout(context: typer.Context, as_json: Json = False, quiet: Quiet = False) -> None:
    """Keep the server's token no more. It goes on to hold: revoke it to end that.

    JSON: {"server": URL, "forgotten": true or false}.
    """
    from datavc.client.saved_tokens import forget_token

    invocation = begin(context, as_json=as_json, quiet=quiet)
    address = _server(invocation)
    forgotten = forget_token(address)
    invocation.answer(
        {"server": address, "forgotten": forgotten},
        f"{'logged out of' if forgotten else 'no token was kept for'} {address}",
    )


@app.command()
def whoami(context: typer.Context, as_json: Json = False, quiet: Quiet = False) -> None:
    """Tell who you are to the server, and what you may do.

    JSON: a WhoAmI.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        who = client.whoami()
    if as_json:
        write_json(who)
        return
    used = f"{size(who.usage.bytes)}, {who.usage.repos} repos"
    write_fields(
        (
            ("account", who.account),
            ("kind", who.kind),
            ("groups", ", ".join(who.groups)),
            ("roles", ", ".join(who.grants) or "none: it may do nothing"),
            ("token", who.token),
            ("scopes", ", ".join(who.scopes)),
            ("expires", moment(who.expires_us) if who.expires_us else ""),
            ("has", used if who.limits.max_bytes or who.limits.max_repos else ""),
            ("limits", auth_account.describe(who.limits)),
        )
    )


def _log_in(address: str) -> str:
    import webbrowser

    from datavc.client.oidc_session import log_in

    def show(url: str) -> None:
        sys.stderr.write(f"Log in there: {url}\n")
        sys.stderr.flush()
        if sys.stderr.isatty():
            webbrowser.open(url)

    return log_in(address, show).token


def _server(invocation: Invocation) -> str:
    from datavc.errors import InvalidInput

    address = invocation.url or os.environ.get("DATAVC_URL") or ""
    if "://" not in address:
        raise InvalidInput("no server is named", hint="set DATAVC_URL, or use --url")
    return address.rstrip("/")


def _read_token(place: str | None) -> str:
    from datavc.errors import InvalidInput, SourceUnreadable

    if place is None:
        token: str = typer.prompt("token", hide_input=True, err=True)
        return token.strip()
    try:
        token = sys.stdin.read() if place == "-" else Path(place).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SourceUnreadable(f"the token cannot be read from {place!r}: {reason}") from None
    if not token.strip():
        raise InvalidInput(f"there is no token in {place!r}")
    return token.strip()
