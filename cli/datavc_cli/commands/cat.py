"""``datavc cat``."""

from __future__ import annotations

import base64
import sys

import typer

from datavc_cli.invocation import begin
from datavc_cli.options import FileAddress, Json, Quiet
from datavc_cli.output import write_json


def cat(
    context: typer.Context, address: FileAddress, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Write a file's content to standard output.

    JSON: "path", "size", "encoding" (utf-8 or base64) and "content".
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        if as_json:
            write_json(_described(client.stat(address).path, client.read(address)))
            return
        for piece in client.cat(address):
            sys.stdout.buffer.write(piece)


def _described(path: str, content: bytes) -> dict[str, object]:
    try:
        encoding, text = "utf-8", content.decode()
    except UnicodeDecodeError:
        encoding, text = "base64", base64.b64encode(content).decode()
    return {"path": path, "size": len(content), "encoding": encoding, "content": text}
