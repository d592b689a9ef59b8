"""Verb that writes files of a commit to disk."""

from __future__ import annotations

from datavc.client.base import ClientBase


class GetVerbs(ClientBase):
    """Bringing files out of a commit."""
