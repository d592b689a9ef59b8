"""What an external file is once it is on disk: a file like any other."""

from __future__ import annotations

from datavc.errors import AccessDenied, NotFound, SourceUnreadable, Unavailable
from datavc.model.entry import Entry, EntryKind
from datavc.store.content import content_digest
from datavc.store.objects import ObjectStore


def on_disk(objects: ObjectStore, entry: Entry) -> Entry:
    """The entry that a file with the content of *entry* has.

    The digest of an external file's content is known from when it was written here; if not, its
    source is read. One that cannot be is like no file here, so what is here counts as changed.
    """
    if entry.kind is not EntryKind.EXTERNAL:
        return entry
    try:
        return Entry(entry.size, content_digest(objects, entry))
    except (SourceUnreadable, AccessDenied, Unavailable, NotFound):
        return entry
