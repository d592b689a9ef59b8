"""Where the programs are that come from PyPI: each has an environment of its own."""

from __future__ import annotations

from pathlib import Path

VENVS = Path(__file__).parents[2] / ".bench-peers"
PREPARE = "make bench-peers"
