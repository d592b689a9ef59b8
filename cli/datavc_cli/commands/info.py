"""``datavc info`` and ``datavc version``."""

from __future__ import annotations

import sys

import typer

import datavc
from datavc_cli.invocation import begin
from datavc_cli.options import Json, Quiet
from datavc_cli.output import write_fields, write_json


def info(context: typer.Context, as_json: Json = False, quiet: Quiet = False) -> None:
    """Show where the data is kept.

    JSON: an object of texts: "kind" (embedded or http), "address", and what else is known.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        facts = client.describe() | {"author": client.author}
    if as_json:
        write_json(facts)
    else:
        write_fields(facts.items())


def version(context: typer.Context, as_json: Json = False, quiet: Quiet = False) -> None:
    """Show the version of datavc.

    JSON: {"version": TEXT}.
    """
    begin(context, as_json=as_json, quiet=quiet)
    if as_json:
        write_json({"version": datavc.__version__})
    else:
        sys.stdout.write(f"datavc {datavc.__version__}\n")
