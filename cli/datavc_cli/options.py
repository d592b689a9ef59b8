"""Options and arguments that many commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc_cli.completion import complete_address, complete_branch, complete_repo

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print results and errors only.")]
Force = Annotated[bool, typer.Option("--force", help="Do it although others depend on it.")]
NoRun = Annotated[
    bool, typer.Option("--no-run", help="Leave the pipelines that this triggers for later.")
]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="Show at most so many.")]

Repo = Annotated[
    str, typer.Argument(metavar="REPO", autocompletion=complete_repo, help="The repo's name.")
]
BranchAddress = Annotated[
    str,
    typer.Argument(
        metavar="REPO[@BRANCH]",
        autocompletion=complete_branch,
        help="A branch; without one, the repo's default branch.",
    ),
]
CommitAddress = Annotated[
    str,
    typer.Argument(
        metavar="REPO[@REF]",
        autocompletion=complete_address,
        help="A commit: by branch, tag or id, or such as main~2.",
    ),
]
FileAddress = Annotated[
    str,
    typer.Argument(
        metavar="REPO[@REF]:/PATH",
        autocompletion=complete_address,
        help="A file or folder of a commit.",
    ),
]
