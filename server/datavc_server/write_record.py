"""What is kept of every write: its place in the metrics, and a line in the log."""

from __future__ import annotations

import logging

from datavc_server.state import ServerState

_log = logging.getLogger("datavc.server")


def note_commit(state: ServerState, repo: str, branch: str, commit: str, run: str) -> None:
    """A commit has landed, and has begun a run."""
    state.metrics.commits.inc()
    _log.info(
        "commit %s on %s@%s",
        commit[:12],
        repo,
        branch,
        extra={"repo": repo, "branch": branch, "commit": commit, "run": run},
    )


def note_files(state: ServerState, plain_bytes: int, stored_bytes: int) -> None:
    """Files of so many bytes were put, for which the store took up so many."""
    state.metrics.put_bytes.inc(plain_bytes)
    state.metrics.stored_bytes.inc(stored_bytes)
