"""What changed inside of texts and tables."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import datavc
from datavc.errors import InvalidInput, SourceUnreadable
from datavc.model.content_diff import ContentDiff
from tests.e2e.conftest import CommandLine

OLD = b"id,name,euro\n1,ann,10\n2,bob,20\n3,eve,30\n"
NEW = b"id,name,city\n1,ann,Graz\n2,rob,Linz\n4,kim,Wien\n"


@pytest.fixture
def repo(client: datavc.Client) -> str:
    client.create_repo("data")
    return "data"


def only(found: object) -> ContentDiff:
    (one,) = found  # type: ignore[misc]
    return one  # type: ignore[no-any-return]


def test_texts(client: datavc.Client, repo: str) -> None:
    client.put(b"one\ntwo\nthree\n", "data:/a.txt", message="1")
    client.put(b"one\n2\nthree\n", "data:/a.txt", message="2")
    found = only(client.diff_content("data"))
    assert found.kind.value == "text"
    assert found.lines[:2] == ("--- a/a.txt", "+++ b/a.txt")
    assert [line for line in found.lines[3:] if line[0] in "+-"] == ["-two", "+2"]
    client.put(b"\0\1", "data:/a.txt", message="3")
    assert only(client.diff_content("data")).kind.value == "binary"
    client.put(b"new", "data:/ab", message="4")
    assert only(client.diff_content("data")).lines[-1] == "+new"
    assert list(client.diff_content("data@main~1:/a", "data:/a")) == []


def test_tables(client: datavc.Client, repo: str) -> None:
    client.put(OLD, "data:/t.csv", message="1")
    client.put(NEW, "data:/t.csv", message="2")
    plain = only(client.diff_content("data")).table
    assert plain is not None
    assert (plain.columns_added, plain.columns_removed) == (("city",), ("euro",))
    assert (plain.old_rows, plain.new_rows) == (3, 3)
    assert (plain.rows_added, plain.rows_removed, plain.rows_changed) == (2, 2, None)
    keyed = only(client.diff_content("data", key=["id"])).table
    assert keyed is not None
    assert (keyed.rows_added, keyed.rows_removed, keyed.rows_changed) == (1, 1, 1)
    assert keyed.added == ({"id": "4", "name": "kim", "city": "Wien"},)
    with pytest.raises(InvalidInput, match="no column 'nothing'"):
        list(client.diff_content("data", key=["nothing"]))


def test_other_formats(client: datavc.Client, repo: str) -> None:
    for number, rows in enumerate(([1, 2], [2, 3, 4])):
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table({"a b": rows, "it's": [str(row) for row in rows]}), sink)
        client.put(sink.getvalue().to_pybytes(), "data:/t.parquet", message=f"{number}")
        lines = "".join(f'{{"x": {row}}}\n' for row in rows)
        client.put(lines.encode(), "data:/t.jsonl", message=f"{number}")
    found = {one.change.path: one.table for one in client.diff_content("data@main~2", "data")}
    for path in ("t.parquet", "t.jsonl"):
        table = found[path]
        assert table is not None
        assert (table.rows_added, table.rows_removed) == (2, 1)
    client.put(b"not parquet", "data:/t.parquet", message="broken")
    with pytest.raises(SourceUnreadable, match="cannot be read as a table"):
        list(client.diff_content("data"))


def test_by_the_command_line(cli: CommandLine, client: datavc.Client, repo: str) -> None:
    client.put(OLD, "data:/t.csv", message="1")
    client.put(NEW, "data:/t.csv", message="2")
    shown = cli.ok("diff", "data", "-p", "--key", "id").out
    assert "+ column city" in shown
    assert "1 added, 1 removed, 1 changed" in shown
    assert "+ id=4, name=kim, city=Wien" in shown
    (found,) = cli.ok("diff", "data", "-p", "--json").json  # type: ignore[misc]
    assert found["table"]["rows_added"] == 2
    client.put(b"one\n", "data:/a.txt", message="3")
    client.put(b"two\n", "data:/a.txt", message="4")
    assert "-one\n+two\n" in cli.ok("diff", "data", "-p").out
