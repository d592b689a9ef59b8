"""Spouts: programs that keep running without an input, and put out commits as they go."""

from __future__ import annotations

from dataclasses import dataclass

from datavc.errors import InvalidSpec
from datavc.model.spec_fields import SpecFields

#: The input's name under which a spout finds its marker.
MARKER_INPUT = "marker"


@dataclass(frozen=True, slots=True)
class SpoutSpec:
    """How a spout goes on where it was."""

    #: Name of the file that it is given back as it was committed last; ``""`` for none.
    marker: str = ""


def parse_spout(spec: SpecFields) -> SpoutSpec | None:
    """Read a spec's ``spout``; ``None`` when there is none.

    Raises:
        InvalidSpec: a field is malformed or unknown, or the spec has an input or an egress, too.
    """
    if not spec.has("spout"):
        return None
    fields = SpecFields(
        spec.get("spout"),
        "spout",
        ("marker",),
        {"service": "use the spec's own service, beside spout", "overwrite": "write other names"},
    )
    for other in ("input", "egress"):
        if spec.has(other):
            raise InvalidSpec(f"{other}: a spout has none", hint="remove it, or spout")
    marker = fields.text("marker", "")
    if "/" in marker or marker.startswith("."):
        raise InvalidSpec(
            f"{fields.at('marker')}: {marker!r} cannot name a marker",
            hint="use the name of a file in $DATAVC_PFS/out, without '/' and a dot before it",
        )
    return SpoutSpec(marker)
