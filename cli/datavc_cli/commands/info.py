"""``datavc info`` and ``datavc version``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

import datavc
from datavc_cli.completion import complete_address
from datavc_cli.invocation import begin
from datavc_cli.options import Json, Quiet
from datavc_cli.output import write_fields, write_json

if TYPE_CHECKING:
    from datavc import Client


def info(
    context: typer.Context,
    address: Annotated[
        str | None,
        typer.Argument(
            metavar="REPO[@REF]:/PATH", autocompletion=complete_address, help="A file instead."
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show where the data is kept, or what is known of a file.

    JSON: an object of texts: "kind" (embedded or http), "address", and what else is known; of a
    file its "path", "kind" and so on, and where an external one lies and which version is meant.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        if address is None:
            facts = client.describe() | {"author": client.author}
        else:
            facts = _file_facts(client, address)
    if as_json:
        write_json(facts)
    else:
        write_fields(facts.items())


def _file_facts(client: Client, address: str) -> dict[str, str]:
    found = client.stat(address)
    if found.is_folder:
        return {"path": f"/{found.path}", "kind": "folder"}
    facts = {
        "path": f"/{found.path}",
        "kind": found.kind.value,
        "size": str(found.size),
        "digest": found.digest,
    }
    if found.executable:
        facts["executable"] = "yes"
    external = client.external(address)
    if external is not None:
        facts["source"] = external.uri
        facts |= {pin.value: value for pin, value in external.pins}
    return facts


def version(context: typer.Context, as_json: Json = False, quiet: Quiet = False) -> None:
    """Show the version of datavc.

    JSON: {"version": TEXT}.
    """
    begin(context, as_json=as_json, quiet=quiet)
    if as_json:
        write_json({"version": datavc.__version__})
    else:
        sys.stdout.write(f"datavc {datavc.__version__}\n")
