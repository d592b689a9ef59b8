"""``datavc webhook``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from datavc_cli.commands import webhook_inbound
from datavc_cli.completion import complete_repo
from datavc_cli.invocation import begin
from datavc_cli.options import Json, Quiet
from datavc_cli.output import write_json, write_json_list, write_table
from datavc_cli.wording import moment

app = typer.Typer(
    no_args_is_help=True, help="Who is told of commits, merges and jobs: create, list, delete."
)
app.add_typer(webhook_inbound.app, name="inbound")

_Id = Annotated[str, typer.Argument(metavar="ID", help="Its id, or a unique start of it.")]


@app.command()
def create(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="https:// or http://.")],
    event: Annotated[
        list[str] | None,
        typer.Option(metavar="EVENT", help="commit, merge or job; all of them by default."),
    ] = None,
    repo: Annotated[
        str,
        typer.Option(
            metavar="REPO",
            help="Only of this repo, or of the jobs of the pipeline that writes it.",
            autocompletion=complete_repo,
        ),
    ] = "",
    secret_file: Annotated[
        Path | None,
        typer.Option(help="Holds what messages are signed with; else it is made, and shown once."),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Have a URL told of what happens from now on, by messages that a server signs and delivers.

    JSON: a MadeWebhook.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    secret = None if secret_file is None else _read(secret_file)
    with invocation.connect() as client:
        made = client.create_webhook(url, events=event or [], repo=repo, secret=secret)
    if as_json:
        write_json(made)
        return
    events = ", ".join(made.webhook.events)
    invocation.say(f"webhook {made.webhook.id[:12]} is told of: {events}")
    if secret is None:
        invocation.say(f"messages are signed with {made.secret}")
        invocation.advise("Keep that: it is not shown again.")


@app.command("list")
def list_webhooks(context: typer.Context, as_json: Json = False, quiet: Quiet = False) -> None:
    """List all webhooks, without their secrets.

    JSON: an array of WebhookInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        found = client.list_webhooks()
    if as_json:
        write_json_list(found)
    elif not found:
        invocation.advise("There is no webhook yet. Make one: datavc webhook create URL")
    else:
        rows = [
            (
                each.id[:12], each.url, ", ".join(each.events), each.repo or "all",
                each.author, moment(each.created_us),
            )
            for each in found
        ]  # fmt: skip
        write_table(("WEBHOOK", "URL", "EVENTS", "REPO", "BY", "CREATED"), rows)


@app.command()
def delete(
    context: typer.Context, webhook: _Id, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Delete a webhook; what was not delivered to it yet never is.

    JSON: {"deleted": ID}.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        client.delete_webhook(webhook)
    invocation.answer({"deleted": webhook}, f"deleted webhook {webhook}")


@app.command()
def deliveries(
    context: typer.Context,
    webhook: _Id,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Most of them.")] = 20,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show what was and is to be delivered to a webhook, the newest first.

    JSON: an array of DeliveryInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        found = client.list_deliveries(webhook, limit=limit)
    if as_json:
        write_json_list(found)
    elif not found:
        invocation.advise("Nothing has happened yet that it is told of.")
    else:
        rows = [
            (
                str(each.id), each.event.value, each.state.value, str(each.attempts),
                moment(each.created_us),
                "" if each.next_us is None else moment(each.next_us),
                each.error,
            )
            for each in found
        ]  # fmt: skip
        write_table(("DELIVERY", "EVENT", "STATE", "TRIES", "SINCE", "NEXT TRY", "ERROR"), rows)


def _read(file: Path) -> str:
    from datavc.errors import SourceUnreadable

    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SourceUnreadable(f"the secret cannot be read from '{file}': {reason}") from None
