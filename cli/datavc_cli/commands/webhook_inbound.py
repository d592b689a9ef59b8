"""``datavc webhook inbound``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from datavc_cli.completion import complete_address, complete_pipeline
from datavc_cli.duration import parse_duration
from datavc_cli.invocation import Invocation, begin
from datavc_cli.named_values import split_named_values
from datavc_cli.options import Json, Quiet
from datavc_cli.output import write_json, write_json_list, write_table
from datavc_cli.wording import moment

if TYPE_CHECKING:
    from datavc.model.inbound_webhook import InboundWebhookInfo, MadeInboundWebhook

app = typer.Typer(
    no_args_is_help=True, help="URLs of a server that start runs: create, list, rotate, delete."
)

_Id = Annotated[str, typer.Argument(metavar="ID", help="Its id, or a unique start of it.")]


@app.command()
def create(
    context: typer.Context,
    pipeline: Annotated[
        str | None,
        typer.Argument(
            metavar="[PIPELINE]", autocompletion=complete_pipeline, help="What a message runs."
        ),
    ] = None,
    branch: Annotated[
        str | None,
        typer.Option(
            metavar="REPO@BRANCH",
            autocompletion=complete_address,
            help="Instead of a pipeline: run all that read this branch.",
        ),
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=POINTER",
            help="A parameter of the pipeline, and the JSON Pointer of its value in a message.",
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make a URL to which others post signed messages, each of which starts a run.

    JSON: a MadeInboundWebhook.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    parameters = split_named_values(param, "--param")
    with invocation.connect() as client:
        made = client.create_inbound_webhook(pipeline, branch=branch, parameters=parameters)
    if as_json:
        write_json(made)
        return
    invocation.say(f"webhook {made.webhook.id[:12]} runs {_what(made.webhook)}")
    invocation.say(f"messages are to be posted to {made.url}")
    _tell_secret(invocation, made)


@app.command("list")
def list_inbound(context: typer.Context, as_json: Json = False, quiet: Quiet = False) -> None:
    """List the webhooks that come in to what you may maintain, without their secrets.

    JSON: an array of InboundWebhookInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        found = client.list_inbound_webhooks()
    if as_json:
        write_json_list(found)
    elif not found:
        invocation.advise("No webhook comes in yet. Make one: datavc webhook inbound create NAME")
    else:
        rows = [
            (
                each.id[:12], _what(each), "disabled" if each.disabled else "enabled", each.author,
                moment(each.created_us),
                "never" if each.last_us is None else moment(each.last_us),
            )
            for each in found
        ]  # fmt: skip
        write_table(("WEBHOOK", "RUNS", "STATE", "BY", "CREATED", "LAST RUN"), rows)


@app.command()
def rotate(
    context: typer.Context,
    webhook: _Id,
    overlap: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="For so long the secret before holds too, as 1h; 7d at most.",
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Give a webhook another secret. Its URL stays.

    JSON: a MadeInboundWebhook.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    seconds = 0 if overlap is None else parse_duration(overlap)
    with invocation.connect() as client:
        made = client.rotate_inbound_webhook(webhook, overlap=seconds)
    if as_json:
        write_json(made)
        return
    invocation.say(f"webhook {made.webhook.id[:12]} has another secret")
    _tell_secret(invocation, made)
    if made.webhook.previous_until_us is not None and seconds:
        invocation.say(f"the one before holds until {moment(made.webhook.previous_until_us)}")


@app.command()
def disable(
    context: typer.Context, webhook: _Id, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Let a webhook start nothing, until it is enabled again.

    JSON: an InboundWebhookInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        changed = client.disable_inbound_webhook(webhook)
    invocation.answer(changed, f"disabled webhook {changed.id[:12]}")


@app.command()
def enable(
    context: typer.Context, webhook: _Id, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Let a webhook that was disabled start runs again.

    JSON: an InboundWebhookInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        changed = client.enable_inbound_webhook(webhook)
    invocation.answer(changed, f"enabled webhook {changed.id[:12]}")


@app.command()
def delete(
    context: typer.Context, webhook: _Id, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Delete a webhook: its URL starts nothing any more.

    JSON: {"deleted": ID}.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        client.delete_inbound_webhook(webhook)
    invocation.answer({"deleted": webhook}, f"deleted webhook {webhook}")


def _what(webhook: InboundWebhookInfo) -> str:
    return webhook.pipeline or f"what reads {webhook.branch}"


def _tell_secret(invocation: Invocation, made: MadeInboundWebhook) -> None:
    invocation.say(f"and signed with {made.secret}")
    invocation.advise("Keep that: it is not shown again.")
