"""Whether OpenLineage is told of jobs. Apart from how, since every process asks."""

from __future__ import annotations

import os

#: Variables of OpenLineage, each of which says where events go.
_TARGETS = ("OPENLINEAGE_URL", "OPENLINEAGE__TRANSPORT__TYPE")


def is_wanted() -> bool:
    """Whether this process is to tell of jobs: the environment says where to."""
    if os.environ.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return False
    return any(map(os.environ.get, _TARGETS))
