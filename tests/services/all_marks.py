"""All that is marked in a store: by what earlier runs kept, or anew."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from datavc.versioning.root_marks import marks_of_roots
from datavc.versioning.versioned_store import VersionedStore

#: Uses of every record, by pack and offset, and of every pack that something names.
Marked = tuple[dict[tuple[bytes, int], int], dict[bytes, int]]


def marked(vs: VersionedStore, *, anew: bool = False) -> Marked:
    """What is in use now; with *anew*, nothing that was kept is used, nor changed."""
    if anew:
        vs = dataclasses.replace(vs, marks=Path("/dev/null/none"))
    with marks_of_roots(vs) as (_, roots):
        file = roots.marks.file
        ids = dict(file.execute("SELECT number, id FROM packs").fetchall())
        records = file.execute("SELECT mark >> 32, mark & 0xffffffff, uses FROM records")
        names = file.execute("SELECT id, names FROM packs WHERE names <> 0")
        return {(ids[pack], at): uses for pack, at, uses in records}, dict(names.fetchall())
