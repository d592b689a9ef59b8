"""Telling OpenLineage of the jobs that ran in this process, where nobody else may do it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datavc.db.lineage_switch import is_wanted

if TYPE_CHECKING:
    from datavc.versioning.versioned_store import VersionedStore


def tell_lineage(vs: VersionedStore) -> None:
    """Tell what is due, if it is wanted. Raises nothing."""
    if is_wanted():
        from datavc.integrations.openlineage.delivery import tell_now

        tell_now(vs)
