"""``datavc ls``."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from datavc_cli.completion import complete_address
from datavc_cli.invocation import begin
from datavc_cli.options import Json, Quiet
from datavc_cli.output import write_json_list
from datavc_cli.wording import safe, short, size


def ls(
    context: typer.Context,
    address: Annotated[
        str, typer.Argument(metavar="REPO[@REF][:/PATH]", autocompletion=complete_address)
    ],
    long: Annotated[
        bool, typer.Option("--long", "-l", help="Show sizes, digests and sources.")
    ] = False,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-R", help="Show every file below.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List files and folders. PATH may be a quoted glob.

    With -l, an external file shows where it lies; its digest is that of this and of the version.

    JSON: an array of FileInfo; a folder's path ends in a slash.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    empty = True
    with invocation.connect() as client:
        files = client.ls(address, recursive=recursive, sources=long or as_json)
        if as_json:
            write_json_list(files)
            return
        for file in files:
            empty = False
            line = f"/{safe(file.path)}"
            if long:
                amount = "-" if file.is_folder else size(file.size)
                line = f"{amount:>10}  {short(file.digest):12}  {line}"
                if file.source:
                    line += f" -> {safe(file.source)}"
            sys.stdout.write(f"{line}\n")
    if empty:
        invocation.advise("There is no file yet.")
