"""Pipelines and jobs, by the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import CommandLine

SPEC = """
pipeline: {name: upper}
transform:
  cmd: [sh]
  stdin:
    - cd $DATAVC_PFS/data
    - for f in *; do echo doing $f; tr a-z A-Z < $f > $DATAVC_PFS/out/$f; done
    - if [ -e bad ]; then echo cannot do it >&2; exit 7; fi
input: {pfs: {repo: data, glob: "/*"}}
datum_tries: 1
---
pipeline: {name: count}
transform: {cmd: [sh], stdin: ['cat $DATAVC_PFS/upper/* > $DATAVC_PFS/out/all']}
input: {pfs: {repo: upper, glob: "/"}}
"""


@pytest.fixture
def pipelines(cli: CommandLine, tmp_path: Path) -> Path:
    """Two pipelines, one behind the other, on the empty repo ``data``; gives their spec."""
    spec = tmp_path / "spec.yaml"
    spec.write_text(SPEC)
    cli.ok("repo", "create", "data")
    made = cli.ok("pipeline", "create", "-f", str(spec), "--json").json
    assert isinstance(made, dict)
    assert [each["name"] for each in made["pipelines"]] == ["upper", "count"]
    return spec


def put(cli: CommandLine, name: str, content: bytes) -> int:
    """Commit one file, and wait for what follows; gives the exit code."""
    cli("put", "-", f"data:/{name}", "-m", f"put {name}", stdin=content)
    return cli("wait", "data").code


def jobs(cli: CommandLine, pipeline: str) -> list[dict[str, object]]:
    """The jobs of a pipeline, newest first."""
    listed = cli.ok("job", "list", "-p", pipeline, "--json").json
    assert isinstance(listed, list)
    return listed


def test_commit_runs_the_chain(cli: CommandLine, pipelines: Path) -> None:
    assert put(cli, "a", b"one ") == 0
    assert put(cli, "b", b"two") == 0
    assert cli.ok("cat", "count:/all").out == "ONE TWO"
    newest, oldest = jobs(cli, "upper")
    assert (oldest["datums_processed"], oldest["datums_skipped"]) == (1, 0)
    assert (newest["datums_processed"], newest["datums_skipped"]) == (1, 1)
    assert newest["run_id"] == jobs(cli, "count")[0]["run_id"]
    shown = cli.ok("job", "inspect", str(newest["id"])[:20]).out
    assert str(newest["id"]) in shown
    datums = cli.ok("datum", "list", str(newest["id"]), "--json").json
    assert isinstance(datums, list)
    (datum,) = datums
    assert datum["inputs"] == ["data:/b"]
    log = cli.ok("job", "logs", str(newest["id"]), "--datum", datum["id"][:12]).out
    assert "doing b" in log
    assert "doing a" not in log


def test_lineage(cli: CommandLine, pipelines: Path) -> None:
    put(cli, "a", b"one")
    up = cli.ok("lineage", "count").out.splitlines()
    assert [line.lstrip("└├─│ ").partition("@")[0] for line in up] == ["count", "upper", "data"]
    assert up[2].startswith("    └── data@")
    assert '"put a"' in up[2]
    down = cli.ok("lineage", "--downstream", "data").out.splitlines()
    assert [line.lstrip("└├─│ ").partition("@")[0] for line in down] == ["data", "upper", "count"]
    graph = cli.ok("lineage", "count", "--json").json
    assert isinstance(graph, dict)
    assert len(graph["commits"]) == 3
    assert len(graph["edges"]) == 2


def test_failure_is_told_and_the_commit_stands(
    cli: CommandLine, pipelines: Path, place: str
) -> None:
    put(cli, "a", b"one")
    ran = cli("put", "-", "data:/bad", "-m", "bad", stdin=b"bad")
    if place == "embedded":
        assert ran.code == 1
        assert "the commit that led to it stands" in ran.err
    waited = cli("wait", "data")
    assert waited.code == 1
    assert "failure" in waited.out
    assert cli.ok("cat", "data:/bad").out == "bad"
    assert cli.ok("cat", "count:/all").out == "ONE"
    assert jobs(cli, "count")[0]["state"] == "unrunnable"
    assert "cannot do it" in cli.ok("job", "logs", str(jobs(cli, "upper")[0]["id"])).out


def test_no_run_leaves_the_jobs_for_later(cli: CommandLine, pipelines: Path, place: str) -> None:
    cli.ok("put", "-", "data:/a", "-m", "one", "--no-run", stdin=b"one")
    if place == "embedded":
        assert jobs(cli, "upper") == []
    assert cli.ok("wait", "data").code == 0
    assert cli.ok("cat", "upper:/a").out == "ONE"


def test_output_repo_refuses_puts(cli: CommandLine, pipelines: Path) -> None:
    ran = cli("put", "-", "upper:/x", "-m", "mine", stdin=b"x")
    assert ran.code == 4
    assert "written by pipeline 'upper'" in ran.err
    assert cli("repo", "delete", "data").code == 4


def test_update_and_delete(cli: CommandLine, pipelines: Path) -> None:
    put(cli, "a", b"one")
    assert cli("pipeline", "create", "-f", str(pipelines)).code == 4
    one = SPEC.partition("---")[0].replace("a-z A-Z", "a-z b-za")
    cli.ok("pipeline", "update", "-f", "-", stdin=one.encode())
    cli.ok("wait", str(jobs(cli, "upper")[0]["id"]))
    assert cli.ok("cat", "count:/all").out == "pof"
    shown = cli.ok("pipeline", "inspect", "upper").out
    assert "a-z b-za" in shown
    assert "a-z A-Z" in cli.ok("pipeline", "inspect", "upper", "--version", "1").out
    assert cli("pipeline", "delete", "upper").code == 4
    cli.ok("pipeline", "delete", "count")
    cli.ok("pipeline", "delete", "upper")
    assert "no pipeline yet" in cli.ok("pipeline", "list").err


def test_specs_that_are_refused(cli: CommandLine, tmp_path: Path) -> None:
    assert cli("pipeline", "create", "-f", "nope.yaml").code == 3
    wrong = cli("pipeline", "create", "-f", "-", stdin=b"pipeline: {name: x}\ntf_job: {}\n")
    assert wrong.code == 2
    assert "tf_job is not supported yet" in wrong.err


def test_empty_states_say_what_to_do(cli: CommandLine) -> None:
    assert "datavc pipeline create" in cli.ok("pipeline", "list").err
    assert "no job yet" in cli.ok("job", "list").err
    assert cli("job", "inspect", "abcd").code == 3
    assert cli("wait", "nope").code == 3


def test_reproducing_a_commit(cli: CommandLine, pipelines: Path) -> None:
    assert put(cli, "a", b"one ") == 0
    ran = cli.ok("reproduce", "count")
    assert "was reproduced: 1 file, bit by bit" in ran.out
    assert "was reproduced: 1 file, bit by bit" in cli.ok("show", "count").out
    found = cli.ok("reproduce", "upper", "--json").json
    assert isinstance(found, dict)
    assert (found["verdict"], found["files"], found["differences"]) == ("same", 1, [])
    refused = cli("reproduce", "data")
    assert refused.code == 2
    assert "was made by no pipeline" in refused.err
    assert cli("reproduce", "count", "--tolerance", "0.1").code == 2


def test_a_cron_input_ticks_when_told_to(cli: CommandLine, tmp_path: Path) -> None:
    spec = tmp_path / "cron.yaml"
    spec.write_text(
        """
pipeline: {name: fetch}
transform: {cmd: [sh, -c, 'ls "$DATAVC_PFS/tick" >"$DATAVC_PFS/out/all"']}
input: {cron: {name: tick, spec: "@yearly", overwrite: true}}
"""
    )
    cli.ok("pipeline", "create", "-f", str(spec))
    ran = cli.ok("pipeline", "run-cron", "fetch", "--json").json
    assert isinstance(ran, dict)
    (tick,) = ran["commits"]
    assert (tick["repo"], tick["files"]) == ("fetch_tick", 1)
    (job,) = cli.ok("wait", "fetch_tick", "--json").json
    assert (job["pipeline"], job["state"], job["run_id"]) == ("fetch", "success", tick["run_id"])
    assert cli.ok("cat", "fetch:/all").out.rstrip() == cli.ok("ls", "fetch_tick").out.strip()[1:]
    refused = cli("pipeline", "run-cron", "other")
    assert (refused.code, "does not exist" in refused.err) == (3, True)
    cli.ok("pipeline", "delete", "fetch")
    assert cli("ls", "fetch_tick").code == 3
