from __future__ import annotations

from pathlib import Path

import pytest

from datavc.client.pipelines import load_spec
from datavc.errors import InvalidSpec, NotFound, SourceUnreadable

EXPECTED = [{"pipeline": {"name": "x"}}]


def test_every_way_to_give_a_spec(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text("pipeline:\n  name: x\n")
    for spec in (EXPECTED[0], path, str(path), path.read_text(), '{"pipeline": {"name": "x"}}'):
        assert load_spec(spec) == EXPECTED


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        load_spec(tmp_path / "nope.yaml")
    with pytest.raises(SourceUnreadable):
        load_spec(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SourceUnreadable, match="UTF-8"):
        load_spec(tmp_path / "binary")
    with pytest.raises(InvalidSpec):
        load_spec("- 1\n- 2\n")
