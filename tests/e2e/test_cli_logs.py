"""Logs while datums run and afterwards, and single datums, by the command line."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import datavc
from datavc.model.job import LogLine
from tests.e2e.conftest import CommandLine

PATIENCE = 30.0


class Follower:
    """Follows logs in a thread of its own."""

    def __init__(self, lines: Iterator[LogLine], last: str | None = None) -> None:
        self.texts: list[str] = []
        self._lines = lines
        self._last = last
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def _work(self) -> None:
        for line in self._lines:
            self.texts.append(line.text)
            if line.text == self._last:
                break
        self._lines.close()  # type: ignore[attr-defined]

    def wait_for(self, text: str) -> None:
        wait_until(lambda: text in self.texts, lambda: f"{text!r} in {self.texts}")


def wait_until(true: object, what: object = lambda: "") -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline, what()  # type: ignore[operator]
        time.sleep(0.02)


@pytest.fixture
def gates(tmp_path: Path) -> Path:
    """A file in it lets the datum of that name end."""
    folder = tmp_path / "gates"
    folder.mkdir()
    return folder


@pytest.fixture
def slow(cli: CommandLine, tmp_path: Path, gates: Path) -> None:
    """A pipeline whose datums print something, and then wait for their gate."""
    script = (
        f"n=$(ls $DATAVC_PFS/data); echo begin $n; : > {gates}/$n.began.$$; "
        f"until [ -e {gates}/$n ]; do sleep 0.02; done; echo END $n; "
        "cp $DATAVC_PFS/data/$n $DATAVC_PFS/out/"
    )
    spec = tmp_path / "slow.yaml"
    spec.write_text(
        "{pipeline: {name: slow}, parallelism_spec: {constant: 2}, "
        f'transform: {{cmd: [sh, -euc, "{script}"]}}, '
        'input: {pfs: {repo: data, glob: "/*"}}}'
    )
    cli.ok("repo", "create", "data")
    cli.ok("pipeline", "create", "-f", str(spec))


def commit(cli: CommandLine, client: datavc.Client, *names: str) -> threading.Thread:
    """Commit files, and let their job run in a thread; gives the thread."""
    for name in names:
        cli.ok("put", "-", f"data:/{name}", stdin=name.encode())
    cli.ok("commit", "data", "-m", "put", "--no-run")
    worker = threading.Thread(target=client.wait, args=("data",), daemon=True)
    worker.start()
    wait_until(lambda: client.list_jobs("slow"))
    return worker


def test_lines_are_seen_while_the_datum_runs(
    cli: CommandLine, client: datavc.Client, slow: None, gates: Path
) -> None:
    worker = commit(cli, client, "a", "b")
    job = client.list_jobs("slow")[0].id
    with datavc.connect() as other:
        everything = Follower(other.job_logs(job, follow=True))
        ends = Follower(other.pipeline_logs("slow", text="end", follow=True), "END c")
        everything.wait_for("begin a")
        everything.wait_for("begin b")
        assert "begin a" in cli.ok("job", "logs", job).out
        running = cli.ok("datum", "list", job, "--json").json
        assert isinstance(running, list)
        assert [each["state"] for each in running] == ["running", "running"]
        inspected = cli.ok("datum", "inspect", job, running[0]["id"][:12], "--json").json
        assert inspected["inputs"] == running[0]["inputs"]  # type: ignore[index, call-overload]
        (gates / "a").touch()
        everything.wait_for("END a")
        ends.wait_for("END a")
        assert "END b" not in everything.texts
        (gates / "b").touch()
        worker.join(PATIENCE)
        everything.thread.join(PATIENCE)
        assert not everything.thread.is_alive()
        # Every line once, although it was seen before it was kept.
        assert sorted(text for text in everything.texts if text.startswith(("begin", "END"))) == [
            "END a",
            "END b",
            "begin a",
            "begin b",
        ]
        assert everything.texts[-1].startswith("success: commit ")
        again = [line.text for line in client.job_logs(job)]
        assert sorted(again) == sorted(everything.texts)
        (gates / "c").touch()
        commit(cli, client, "c").join(PATIENCE)
        ends.thread.join(PATIENCE)
        assert ends.texts == ["END a", "END b", "END c"]


def test_a_datum_that_hangs_is_started_anew(
    cli: CommandLine, client: datavc.Client, slow: None, gates: Path
) -> None:
    worker = commit(cli, client, "a")
    job = client.list_jobs("slow")[0].id
    wait_until(lambda: client.list_datums(job))
    (datum,) = client.list_datums(job)
    wait_until(lambda: len(list(gates.glob("a.began.*"))) == 1)
    cli.ok("datum", "restart", job, datum.id[:12])
    wait_until(lambda: len(list(gates.glob("a.began.*"))) == 2)
    (gates / "a").touch()
    worker.join(PATIENCE)
    done = client.wait_for_job(job)
    assert (done.state.value, done.datums_processed) == ("success", 1)
    assert "ada@example asked for it" in cli.ok("job", "logs", job).out
    refused = cli("datum", "restart", job, datum.id[:12])
    assert refused.code == 4
    assert "does not run: success" in refused.err
    assert cli("datum", "restart", job, "ffffffff").code == 3


def test_the_last_lines_and_those_with_a_text(
    cli: CommandLine, client: datavc.Client, slow: None, gates: Path
) -> None:
    for name in "abc":
        (gates / name).touch()
    commit(cli, client, "a", "b").join(PATIENCE)
    commit(cli, client, "c").join(PATIENCE)
    newest, first = (job.id for job in client.list_jobs("slow"))
    texts = [line.text for line in client.pipeline_logs("slow", tail=3)]
    assert texts[:2] == ["begin c", "END c"]
    assert texts[2].startswith("success: commit ")
    assert [line.text for line in client.job_logs(first, text="BEGIN")] in (
        ["begin a", "begin b"],
        ["begin b", "begin a"],
    )
    assert len(list(client.pipeline_logs("slow", text="end "))) == 3
    assert len(list(client.pipeline_logs("slow", text="end ", tail=2))) == 2
    assert list(client.pipeline_logs("slow", tail=0)) == []
    assert list(client.job_logs(newest, since="2100-01-01")) == []
    assert len(list(client.job_logs(newest, since="1 hour ago"))) > 3
    (datum,) = client.list_datums(newest)
    lines = [line.text for line in client.job_logs(newest, datum=datum.id, tail=1)]
    assert lines == ["END c"]
    shown = cli.ok("logs", "--pipeline", "slow", "--grep", "end c").out
    assert shown.count("\n") == 1
    assert newest[:20] in shown
    assert cli.ok("logs", newest, "-f", "--tail", "1").out.count("\n") == 1
    followed = cli.ok("logs", newest, "-f", "--json").out.splitlines()
    assert len(followed) == len(cli.ok("logs", newest).out.splitlines())
    assert (datum.download_bytes, datum.upload_bytes) == (1, 1)
    assert datum.seconds > 0
    assert "1 B in" in cli.ok("datum", "inspect", newest, datum.id).out
    for wrong, code in (
        (["logs"], 2),
        (["logs", newest, "-p", "slow"], 2),
        (["logs", "-p", "slow", "--datum", "abcd"], 2),
        (["logs", newest, "--since", "when it broke"], 2),
        (["logs", "-p", "nobody"], 3),
        (["logs", "-p", "nobody", "-f"], 3),
        (["logs", "ffffffff", "-f"], 3),
        (["logs", newest, "--datum", "ffffffff"], 3),
    ):
        assert cli(*wrong).code == code, wrong
