"""The client reads lists that come in pages to their end."""

from __future__ import annotations

from pathlib import Path

import pytest

import datavc
from datavc.client import http_pages
from tests.services.http_server import running_server


def test_lists_longer_than_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_pages, "_MOST", 3)
    spec = {
        "pipeline": {"name": "each"},
        "input": {"pfs": {"repo": "data", "glob": "/*"}},
        "transform": {"image": "x", "cmd": ["true"]},
    }
    with running_server(tmp_path, engine=True) as url, datavc.connect(url) as client:
        client.create_repo("data")
        client.create_pipeline(spec)
        source = tmp_path / "source"
        for number in range(7):
            source.write_text(str(number))
            commit = client.put([source], f"data:/{number}", message="m").commit
            assert commit is not None
            client.create_tag("data", f"v{number}", target="main")
        client.wait(f"data@{commit}")
        assert [tag.name for tag in client.list_tags("data")] == [f"v{n}" for n in range(7)]
        jobs = client.list_jobs("each", limit=100)
        assert [job.id for job in jobs] == sorted({job.id for job in jobs}, reverse=True)
        assert len(jobs) == 7
        assert client.list_jobs("each", limit=5) == jobs[:5]
        last = client.list_datums(jobs[-1].id)
        assert [datum.id for datum in last] == sorted(datum.id for datum in last)
        moves = client.ref_log("data", limit=100)
        assert len(moves) == 15
        assert client.ref_log("data", limit=4) == moves[:4]
