"""Stopping, starting, running and restarting pipelines and jobs, by the command line."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

import datavc
from tests.e2e.conftest import CommandLine

CHAIN = """
pipeline: {name: upper}
transform:
  cmd: [sh, -euc]
  stdin: []
input: {pfs: {repo: data, glob: "/*"}}
datum_tries: 1
---
pipeline: {name: count}
transform: {cmd: [sh, -c, 'cat $DATAVC_PFS/upper/* > $DATAVC_PFS/out/all']}
input: {pfs: {repo: upper, glob: "/"}}
"""


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """Gets a file for each datum that ``upper`` runs; ``broken`` in it makes ``b`` fail."""
    folder = tmp_path / "calls"
    folder.mkdir()
    return folder


@pytest.fixture
def chain(cli: CommandLine, tmp_path: Path, calls: Path) -> Path:
    """Two pipelines, one behind the other, on the empty repo ``data``; gives their spec."""
    script = (
        f"for f in $DATAVC_PFS/data/*; do n=$(basename $f); : > {calls}/$n.$$; "
        f"if [ $n = b ] && [ -e {calls}/broken ]; then exit 7; fi; "
        "tr a-z A-Z < $f > $DATAVC_PFS/out/$n; done"
    )
    spec = tmp_path / "spec.yaml"
    spec.write_text(CHAIN.replace("[sh, -euc]\n  stdin: []", f"[sh, -euc, '{script}']"))
    cli.ok("repo", "create", "data")
    cli.ok("pipeline", "create", "-f", str(spec))
    return spec


def called(calls: Path) -> list[str]:
    """Names of the datums that ran since the last time."""
    found = [path for path in calls.iterdir() if path.name != "broken"]
    for path in found:
        path.unlink()
    return sorted(path.name.partition(".")[0] for path in found)


def put(cli: CommandLine, name: str, content: str, *, branch: str = "main") -> int:
    """Commit one file, and wait for what follows; gives the exit code."""
    cli("put", "-", f"data@{branch}:/{name}", "-m", f"put {name}", stdin=content.encode())
    return cli("wait", f"data@{branch}").code


def newest(cli: CommandLine, pipeline: str) -> dict[str, object]:
    """The newest job of a pipeline."""
    listed = cli.ok("job", "list", "-p", pipeline, "-n", "1", "--json").json
    assert isinstance(listed, list)
    return dict(listed[0]) if listed else {}


def settle(cli: CommandLine, pipeline: str) -> dict[str, object]:
    """Wait for the newest job's run; the job as it is then."""
    cli("wait", str(newest(cli, pipeline)["id"]))
    return newest(cli, pipeline)


def test_a_restarted_job_runs_only_what_had_not_succeeded(
    cli: CommandLine, chain: Path, calls: Path
) -> None:
    (calls / "broken").touch()
    assert put(cli, "a", "one") == 0
    assert put(cli, "b", "two") == 1
    failed, given_up = newest(cli, "upper"), newest(cli, "count")
    assert (failed["state"], given_up["state"]) == ("failure", "unrunnable")
    refused = cli("job", "restart", str(given_up["id"]))
    assert refused.code == 4
    assert f"restart that one: datavc job restart {failed['id']}" in refused.err
    (calls / "broken").unlink()
    called(calls)
    cli.ok("job", "restart", str(failed["id"])[:20])
    again = settle(cli, "upper")
    assert (again["id"], again["state"]) == (failed["id"], "success")
    assert (newest(cli, "count")["id"], newest(cli, "count")["state"]) == (
        given_up["id"],
        "success",
    )
    assert called(calls) == ["b"]
    assert cli.ok("cat", "count:/all").out == "ONETWO"
    done = cli("job", "restart", str(failed["id"]))
    assert done.code == 4
    assert "datavc pipeline run upper" in done.err
    log = cli.ok("job", "logs", str(failed["id"])).out
    assert "restarted by ada@example" in log


def test_all_failed_jobs_are_restarted_at_once(cli: CommandLine, chain: Path, calls: Path) -> None:
    assert cli.ok("job", "restart", "--failed", "--json").json == []
    (calls / "broken").touch()
    assert put(cli, "b", "two") == 1
    (calls / "broken").unlink()
    assert cli.ok("job", "restart", "--failed", "-p", "count", "--json").json == []
    restarted = cli.ok("job", "restart", "--failed", "--json").json
    assert isinstance(restarted, list)
    assert restarted[0]["pipeline"] == "upper"
    assert settle(cli, "upper")["state"] == "success"
    assert cli.ok("cat", "count:/all").out == "TWO"
    assert cli("job", "restart").code == 2
    assert cli("job", "restart", "1234", "--failed").code == 2
    assert cli("job", "restart", "--failed", "-p", "nobody").code == 3


def test_a_failed_job_is_not_restarted_once_a_later_one_succeeded(
    cli: CommandLine, chain: Path, calls: Path
) -> None:
    (calls / "broken").touch()
    assert put(cli, "b", "two") == 1
    failed = newest(cli, "upper")
    cli("rm", "data:/b", "-m", "away")
    assert put(cli, "a", "one") == 0
    refused = cli("job", "restart", str(failed["id"]))
    assert refused.code == 4
    assert "reads newer commits" in refused.err


def test_a_stopped_pipeline_catches_up_by_one_job(
    cli: CommandLine, chain: Path, calls: Path
) -> None:
    assert put(cli, "a", "one") == 0
    before = newest(cli, "upper")
    stopped = cli.ok("pipeline", "stop", "upper", "--json").json
    assert isinstance(stopped, dict)
    assert stopped["state"] == "stopped"
    for name in ("b", "c", "d"):
        assert put(cli, name, name) == 0
    assert newest(cli, "upper") == before
    refused = cli("pipeline", "run", "upper")
    assert refused.code == 4
    assert "datavc pipeline start upper" in refused.err
    called(calls)
    started = cli.ok("pipeline", "start", "upper", "--json").json
    assert isinstance(started, list)
    assert started[0]["pipeline"] == "upper"
    assert settle(cli, "upper")["datums_processed"] == 3
    assert called(calls) == ["b", "c", "d"]
    assert cli.ok("cat", "count:/all").out == "ONEBCD"
    assert len(cli.ok("job", "list", "-p", "upper", "--json").json or ()) == 2  # type: ignore[arg-type]
    cli.ok("pipeline", "stop", "upper")
    assert cli.ok("pipeline", "start", "upper", "--json").json == []
    assert cli.ok("pipeline", "start", "upper", "--json").json == []
    assert cli("pipeline", "start", "nobody").code == 3


def test_a_pipeline_runs_by_hand_on_heads_and_on_given_commits(
    cli: CommandLine, chain: Path, calls: Path
) -> None:
    refused = cli("pipeline", "run", "upper")
    assert refused.code == 4
    assert "has no commit" in refused.err
    assert put(cli, "a", "one") == 0
    assert put(cli, "b", "two") == 0
    called(calls)
    cli.ok("pipeline", "run", "upper", "data@main~1")
    old = settle(cli, "upper")
    assert (old["state"], old["datums_total"], old["datums_skipped"]) == ("success", 1, 1)
    assert cli.ok("cat", "count:/all").out == "ONE"
    cli.ok("pipeline", "run", "upper")
    assert settle(cli, "upper")["datums_total"] == 2
    assert cli.ok("cat", "count:/all").out == "ONETWO"
    assert called(calls) == []
    cli.ok("pipeline", "run", "upper", "--reprocess")
    assert settle(cli, "upper")["version"] == 2
    assert called(calls) == ["a", "b"]
    assert cli("pipeline", "run", "upper", "data@main", "--reprocess").code == 2
    assert cli("pipeline", "run", "upper", "data@nowhere").code == 3
    wrong = cli("pipeline", "run", "count", "data@main")
    assert wrong.code == 2
    assert "does not read the repo 'data'" in wrong.err
    assert cli("pipeline", "run", "upper", "data:/a").code == 2


def test_a_running_job_is_stopped_and_what_was_done_is_kept(
    cli: CommandLine, tmp_path: Path, place: str
) -> None:
    gate = tmp_path / "gate"
    spec = tmp_path / "slow.yaml"
    script = (
        f"if [ -e $DATAVC_PFS/data/b ]; then : > {tmp_path}/b-began; "
        f"until [ -e {gate} ]; do sleep 0.05; done; fi; cp $DATAVC_PFS/data/* $DATAVC_PFS/out/"
    )
    spec.write_text(
        "{pipeline: {name: slow}, parallelism_spec: {constant: 1}, "
        f'transform: {{cmd: [sh, -euc, "{script}"]}}, '
        'input: {pfs: {repo: data, glob: "/*"}}}'
    )
    cli.ok("repo", "create", "data")
    cli.ok("pipeline", "create", "-f", str(spec))
    (tmp_path / "files").mkdir()
    for name in ("a", "b"):
        (tmp_path / "files" / name).write_text(name)
    cli.ok("put", "-r", f"{tmp_path}/files/", "data", "-m", "two", "--no-run")
    with datavc.connect() as client:
        worker = threading.Thread(target=client.wait, args=("data",))
        worker.start()
        deadline = time.monotonic() + 30
        while not (tmp_path / "b-began").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        job = newest(cli, "slow")
        assert cli("job", "wait", str(job["id"]), "--timeout", "0").code == 4 or place == "embedded"
        stopped = cli.ok("job", "stop", str(job["id"])[:20], "--json").json
        assert isinstance(stopped, dict)
        assert (stopped["state"], stopped["reason"]) == ("killed", "stopped by ada@example")
        worker.join(30)
        assert not worker.is_alive()
    assert cli("job", "stop", str(job["id"])).code == 4
    assert cli("job", "wait", str(job["id"])).code == 1
    gate.touch()
    cli.ok("job", "restart", str(job["id"]))
    waited = cli.ok("job", "wait", str(job["id"]), "--json").json
    assert isinstance(waited, dict)
    assert waited["state"] == "success"
    assert cli.ok("ls", "slow").out.count("\n") == 2


def test_superseded_jobs_are_left_out_where_the_pipeline_says_so(
    cli: CommandLine, client: datavc.Client, tmp_path: Path
) -> None:
    spec = tmp_path / "spec.yaml"
    gate = tmp_path / "gate"
    script = f"until [ -e {gate} ]; do sleep 0.05; done; cp $DATAVC_PFS/data/* $DATAVC_PFS/out/"
    spec.write_text(
        f'{{pipeline: {{name: slow}}, transform: {{cmd: [sh, -c, "{script}"]}}, '
        'skip_superseded: true, input: {pfs: {repo: data, glob: "/"}}}\n---\n'
        "{pipeline: {name: next}, transform: {cmd: [sh, -c, 'cp $DATAVC_PFS/slow/* "
        "$DATAVC_PFS/out/']}, input: {pfs: {repo: slow, glob: '/'}}}"
    )
    cli.ok("repo", "create", "data")
    cli.ok("pipeline", "create", "-f", str(spec))
    for name in "abcd":
        (tmp_path / name).write_text(name)
        cli.ok("put", str(tmp_path / name), "data", "-m", name, "--no-run")
        if name == "a" and not client.runs_inline:
            while newest(cli, "slow").get("state") != "running":
                time.sleep(0.05)
    gate.touch()
    cli.ok("wait", "data")
    listed = client.list_jobs("slow")
    states = [job.state.value for job in reversed(listed)]
    assert states in (["superseded"] * 3 + ["success"], ["success", *["superseded"] * 2, "success"])
    follows = [job.state.value for job in reversed(client.list_jobs("next"))]
    assert follows == states
    assert listed[1].reason == f"job {listed[0].id} reads newer commits"
    assert cli.ok("ls", "next").out.count("\n") == 4
    # Whoever waits for one that was left out is told so, and it is no failure.
    assert "superseded" in cli.ok("job", "wait", listed[1].id).out


def test_a_job_that_no_engine_is_large_enough_for_says_so(
    cli: CommandLine, place: str, tmp_path: Path
) -> None:
    """In this process there is no larger engine to wait for."""
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        "{pipeline: {name: huge}, resource_requests: {cpu: 1000, memory: 1Gi}, "
        "transform: {cmd: ['true']}, input: {pfs: {repo: data, glob: /*}}}"
    )
    cli.ok("repo", "create", "data")
    warning = "resource_requests.cpu of 1000 is more than this host has"
    assert f"warning     {warning}" in cli.ok("pipeline", "validate", "-f", str(spec)).out
    assert f"Warning: {warning}" in cli.ok("pipeline", "create", "-f", str(spec)).err
    again = cli.ok("pipeline", "update", "-f", str(spec), "--json").json
    assert again["pipelines"][0]["warnings"][0].startswith(warning)
    cli("put", "-", "data:/a", "-m", "a", stdin=b"x")
    if place == "embedded":
        assert newest(cli, "huge")["state"] == "success"
        return
    why = "left to other engines: a datum asks for 1000 processors and 1 GiB of memory"
    while not newest(cli, "huge").get("reason"):
        time.sleep(0.05)
    assert why in str(newest(cli, "huge")["reason"])
    waited = cli("wait", "data", "--timeout", "0.5")
    assert waited.code == 4
    assert waited.err.count(f"huge is {why}") == 2
    assert why in cli.ok("job", "inspect", str(newest(cli, "huge")["id"])).out
