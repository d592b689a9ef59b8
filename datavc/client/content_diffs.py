"""Verb that tells what changed inside of files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from datavc.client.history import HistoryVerbs
from datavc.model.entry import EntryKind
from datavc.model.tree.diff import file_change
from datavc.store.external.problem import named, naming

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datavc.model.address import Address
    from datavc.model.content_diff import ContentDiff
    from datavc.model.entry import Entry
    from datavc.model.file_info import FileChange

#: Larger texts are not compared line by line: the time for that grows with the square.
_LARGEST_TEXT = 1024 * 1024


class ContentDiffVerbs(HistoryVerbs):
    """Differences line by line and row by row."""

    def diff_content(
        self,
        old: str | Address,
        new: str | Address | None = None,
        *,
        key: Sequence[str] = (),
    ) -> Iterator[ContentDiff]:
        """What changed inside of the files that two commits do not hold alike, sorted by path.

        CSV, JSON lines and Parquet files, told by the ends of their names, are compared as tables;
        other files of up to 1 MiB that are UTF-8 as texts; of the rest, sizes are told.

        Args:
            old, new: as for :meth:`diff`; with a path, only that file or folder.
            key: columns that tell the rows of tables apart, so that changed ones are counted.

        Raises:
            NotFound: a repo or ref does not exist.
            InvalidInput: a table lacks a column of the key.
            SourceUnreadable: a file is no table, though its name says so.
            DatavcError: tables are to be compared, and DuckDB is not installed.
        """
        for path, before, after in self.differences(old, new):
            change = file_change(path, before, after)
            if before is not None and after is not None and _are_files(before, after):
                yield self._inside(change, before, after, key)
            else:
                yield self._one_sided(change, before or after, is_new=before is None)

    def _inside(
        self, change: FileChange, before: Entry, after: Entry, key: Sequence[str]
    ) -> ContentDiff:
        from datavc.client.table_diff import is_table
        from datavc.model.content_diff import ContentDiff, ContentKind

        if is_table(change.path):
            return self._tables(change, before, after, key)
        if max(before.size, after.size) > _LARGEST_TEXT:
            return ContentDiff(change, ContentKind.BINARY)
        old, new = self._text(change.path, before), self._text(change.path, after)
        if old is None or new is None:
            return ContentDiff(change, ContentKind.BINARY)
        return _texts(change, old, new)

    def _one_sided(self, change: FileChange, entry: Entry | None, *, is_new: bool) -> ContentDiff:
        from datavc.client.table_diff import is_table
        from datavc.model.content_diff import ContentDiff, ContentKind

        text = None
        if entry is not None and _is_file(entry) and entry.size <= _LARGEST_TEXT:
            text = self._text(change.path, entry)
        if text is None or is_table(change.path):
            return ContentDiff(change, ContentKind.BINARY)
        return _texts(change, "" if is_new else text, text if is_new else "")

    def _tables(
        self, change: FileChange, before: Entry, after: Entry, key: Sequence[str]
    ) -> ContentDiff:
        import tempfile

        from datavc.client.table_diff import compare_tables
        from datavc.model.content_diff import ContentDiff, ContentKind
        from datavc.store.content import read_content

        with tempfile.TemporaryDirectory(prefix="datavc-diff-") as folder:
            old, new = Path(folder, "old"), Path(folder, "new")
            for file, entry in ((old, before), (new, after)):
                with file.open("wb") as out:
                    pieces = read_content(self.transport.objects, entry)
                    for piece in named(f"/{change.path}", pieces):
                        out.write(piece)
            table = compare_tables(change.path, old, new, key)
        return ContentDiff(change, ContentKind.TABLE, table=table)

    def _text(self, path: str, entry: Entry) -> str | None:
        from datavc.store.content import read_content

        with naming(f"/{path}"):
            data = b"".join(read_content(self.transport.objects, entry))
        if b"\0" in data:
            return None
        try:
            return data.decode()
        except UnicodeDecodeError:
            return None


def _are_files(before: Entry, after: Entry) -> bool:
    return _is_file(before) and _is_file(after)


def _is_file(entry: Entry) -> bool:
    return entry.kind is not EntryKind.SYMLINK


def _texts(change: FileChange, old: str, new: str) -> ContentDiff:
    # Slow to import, and rarely needed.
    import difflib

    from datavc.model.content_diff import ContentDiff, ContentKind

    lines = difflib.unified_diff(
        old.splitlines(), new.splitlines(), f"a/{change.path}", f"b/{change.path}", lineterm=""
    )
    return ContentDiff(change, ContentKind.TEXT, tuple(lines))
