"""Looking at specs before and after they become pipelines, by the command line."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

import datavc
from datavc.model.pipeline_schema import pipeline_schema
from tests.e2e.conftest import CommandLine

TWO = """
pipeline: {name: upper}
transform: {cmd: [sh, -c, 'cp $DATAVC_PFS/data/* $DATAVC_PFS/out/']}
input: {pfs: {repo: data, glob: "/*"}}
datum_tries: 1
---
pipeline: {name: count}
transform: {cmd: [sh, -c, 'cat $DATAVC_PFS/upper/* > $DATAVC_PFS/out/all']}
input: {pfs: {repo: upper, glob: "/"}}
"""


@pytest.fixture
def spec(cli: CommandLine, tmp_path: Path) -> Path:
    """Two specs, the second of which reads the first one's output, and a repo for the first."""
    cli.ok("repo", "create", "data")
    path = tmp_path / "spec.yaml"
    path.write_text(TWO)
    return path


def commit(cli: CommandLine, name: str, content: bytes) -> None:
    cli.ok("put", "-", f"data:/{name}", "-m", name, "--no-run", stdin=content)


def test_validate_says_what_a_spec_would_do(cli: CommandLine, spec: Path) -> None:
    found = cli.ok("pipeline", "validate", "-f", str(spec), "--json").json
    assert isinstance(found, list)
    upper, count = found
    assert (upper["pipeline"], upper["version"], upper["datums"]) == ("upper", 1, None)
    assert count["inputs"][0]["repo"] == "upper"
    assert "datum_tries" not in upper["defaults"]
    assert count["defaults"]["datum_tries"] == "3"
    commit(cli, "a", b"one")
    commit(cli, "b", b"two")
    shown = cli.ok("pipeline", "validate", "-f", str(spec)).out
    assert "upper (new)" in shown
    assert "datums now  2 datums" in shown
    assert "data: data@main:/*" in shown
    assert cli.ok("pipeline", "list", "--json").json == []
    assert cli.ok("repo", "list").out.count("\n") == 2
    cli.ok("pipeline", "create", "-f", str(spec))
    again = cli.ok("pipeline", "validate", "-f", str(spec)).out
    assert "upper (version 2, with the same code)" in again


def test_validate_refuses_what_create_would(cli: CommandLine, spec: Path) -> None:
    too_much = "resource_requests: {memory: 2Gi}\nresource_limits: {memory: 1Gi}"
    for text, code, message in (
        (TWO.replace("datum_tries: 1", too_much), 2, "resource_requests.memory of 2,147,483,648"),
        (TWO.replace("glob", "globe", 1), 2, "input.pfs.globe is not a field"),
        (TWO.replace("repo: data", "repo: nothing"), 3, "repo 'nothing'"),
        (TWO.replace("repo: data", "repo: count"), 3, "repo 'count'"),
        (TWO.replace("name: upper", "name: data", 1).replace("repo: data", "repo: other"), 4, ""),
        ("a: [", 2, "neither YAML nor JSON"),
    ):
        refused = cli("pipeline", "validate", "-f", "-", stdin=text.encode())
        assert refused.code == code, refused.err
        assert message in refused.err
    cli.ok("pipeline", "create", "-f", str(spec))
    cycle = TWO.replace("repo: data", "repo: count")
    assert "would feed itself" in cli("pipeline", "validate", "-f", "-", stdin=cycle.encode()).err


def test_datums_are_shown_before_anything_runs(cli: CommandLine, spec: Path) -> None:
    only = b'pfs: {repo: data, glob: "/*"}'
    assert cli("datum", "list", "--input", "-", stdin=only).code == 4
    commit(cli, "a", b"one")
    commit(cli, "folder/b", b"three")
    found = cli.ok("datum", "list", "--input", "-", "--json", stdin=only).json
    assert found == [
        {"number": 1, "inputs": ["data:/a"], "files": 1, "bytes": 3},
        {"number": 2, "inputs": ["data:/folder/"], "files": 1, "bytes": 5},
    ]
    crossed = b"input: {cross: [%s, %s]}" % (
        b'{pfs: {name: x, repo: data, glob: "/*"}}',
        b'{pfs: {name: y, repo: data, glob: "/*"}}',
    )
    assert len(cli.ok("datum", "list", "--input", "-", stdin=crossed).out.splitlines()) == 5
    none = cli.ok("datum", "list", "--input", "-", stdin=b'pfs: {repo: data, glob: "/x"}')
    assert "makes no datum" in none.err
    assert cli("datum", "list", "--input", str(spec)).code == 2
    assert cli("datum", "list").code == 2
    assert cli("datum", "list", "--input", "-", stdin=b'pfs: {repo: nothing, glob: "/"}').code == 3
    assert cli.ok("job", "list", "--json").json == []


def test_versions_and_what_they_differ_in(cli: CommandLine, spec: Path) -> None:
    cli.ok("pipeline", "create", "-f", str(spec))
    assert cli("pipeline", "diff", "upper").code == 3
    spec.write_text(TWO.replace("datum_tries: 1", "job_timeout: 5m").replace("cp $", "cp -r $"))
    cli.ok("pipeline", "update", "-f", str(spec))
    versions = cli.ok("pipeline", "history", "upper", "--json").json
    assert isinstance(versions, list)
    assert [each["version"] for each in versions] == [2, 1]
    assert cli.ok("pipeline", "history", "upper").out.count("\n") == 3
    assert cli.ok("pipeline", "diff", "upper").out.splitlines() == [
        "- transform.cmd[2]: cp $DATAVC_PFS/data/* $DATAVC_PFS/out/",
        "+ transform.cmd[2]: cp -r $DATAVC_PFS/data/* $DATAVC_PFS/out/",
        "- datum_tries: 1",
        "+ job_timeout: 5m",
    ]
    back = cli.ok("pipeline", "diff", "upper", "2", "1", "--json").json
    assert isinstance(back, dict)
    assert (back["old"], back["new"], back["changes"][1]["path"]) == (2, 1, "job_timeout")
    assert "the same spec" in cli.ok("pipeline", "diff", "count").err
    assert cli("pipeline", "diff", "upper", "7").code == 3


def test_edit_makes_what_was_saved_the_new_version(
    cli: CommandLine, spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.ok("pipeline", "create", "-f", str(spec))
    editor = tmp_path / "editor"

    def edit(script: str) -> None:
        # An editor is told apart from one that was left without saving by the file's time.
        editor.write_text(f"#!/bin/sh\nset -e\n{script}\ntouch -d '+1 hour' \"$1\"\n")
        editor.chmod(0o755)

    monkeypatch.setenv("VISUAL", "")
    monkeypatch.setenv("EDITOR", str(editor))
    edit("true")
    assert "Nothing was changed" in cli.ok("pipeline", "edit", "upper").err
    edit("sed -i 's/datum_tries: 1/datum_tries: 2/' \"$1\"")
    assert "updated pipeline upper, version 2" in cli.ok("pipeline", "edit", "upper").out
    assert cli.ok("pipeline", "diff", "upper").out == "- datum_tries: 1\n+ datum_tries: 2\n"
    edit("sed -i 's/datum_tries: 2/datum_trees: 2/' \"$1\"")
    refused = cli("pipeline", "edit", "upper")
    assert refused.code == 2
    assert "datum_trees is not a field" in refused.err
    kept = Path(refused.err.partition("kept in ")[2].splitlines()[0])
    assert "datum_trees: 2" in kept.read_text()
    kept.unlink()
    edit("exit 3")
    assert cli("pipeline", "edit", "upper").code == 2


def test_the_schema_is_printed_and_served(
    cli: CommandLine, client: datavc.Client, place: str
) -> None:
    assert cli.ok("pipeline", "schema").json == pipeline_schema()
    assert client.pipeline_schema() == pipeline_schema()
    if place == "http":
        url = f"{client.describe()['address']}/api/v1/pipeline-specs/schema"
        answer = httpx.get(url)
        assert answer.headers["Content-Type"] == "application/schema+json"
        assert answer.json() == pipeline_schema()
