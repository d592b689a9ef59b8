"""One run of the command: its global options, and the client that its verb works with."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from datavc import Client


@dataclass(slots=True)
class Invocation:
    """What the command line said before the verb, and how to answer."""

    home: str | None = None
    url: str | None = None
    author: str | None = None
    as_json: bool = False
    quiet: bool = False

    @property
    def shows_progress(self) -> bool:
        """Whether somebody watches who wants to see progress."""
        return not self.quiet and not self.as_json and sys.stderr.isatty()

    def connect(self) -> Client:
        """Open the datavc that the options, or else the environment, name."""
        import datavc

        # httpx has a command line of its own, for which it imports rich; it can do without.
        sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
        return datavc.connect(self.url, home=self.home, author=self.author)

    def say(self, text: str) -> None:
        """Tell a person what was done; nothing with ``--quiet`` or ``--json``."""
        if not self.quiet and not self.as_json:
            from datavc_cli.output import write_line

            write_line(text)

    def answer(self, result: object, text: str) -> None:
        """Tell what was done: *result* with ``--json``, else *text*, unless ``--quiet``."""
        if self.as_json:
            from datavc_cli.output import write_json

            write_json(result)
        else:
            self.say(text)

    def advise(self, text: str) -> None:
        """Tell a person what could come next, on standard error."""
        if not self.quiet and not self.as_json:
            sys.stderr.write(f"{text}\n")


def begin(context: typer.Context, *, as_json: bool, quiet: bool) -> Invocation:
    """The invocation that a verb belongs to, with the verb's own ``--json`` and ``--quiet``."""
    invocation = context.find_object(Invocation) or Invocation()
    invocation.as_json = as_json
    invocation.quiet = quiet
    return invocation
