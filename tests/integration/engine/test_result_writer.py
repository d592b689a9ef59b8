"""Results on their way to the store."""

import threading

import pytest

from datavc.db import jobs
from datavc.db.jobs import DatumCounts
from datavc.engine import result_writer
from datavc.engine.datum_outputs import OutputFile
from datavc.engine.datum_run import DatumRun
from datavc.engine.output_ledger import OutputLedger
from datavc.engine.result_writer import ResultWriter
from datavc.engine.running_datums import RunningDatums
from datavc.model.datum import Datum
from datavc.model.job import DatumState
from datavc.model.tree.empty import EMPTY_TREE


def result(name: str, size: int) -> DatumRun:
    datum = Datum(name.encode(), ())
    files = [OutputFile(name, False, bytes(size))]
    return DatumRun(datum, DatumState.SUCCESS, files, 0.0, 0, "", b"")


def test_workers_wait_while_much_is_in_memory(world, monkeypatch: pytest.MonkeyPatch) -> None:
    world.repo("raw")
    world.pipeline("copy", "raw", "true")
    (info,) = world.commit_and_drive("raw", {"a": b"1"})
    with world.db.read() as conn:
        job = jobs.find(conn, info.id)
    gate = threading.Event()
    written: list[str] = []

    def write(self: ResultWriter, batch: list[DatumRun]) -> None:
        gate.wait()
        written.extend(run.datum.key.decode() for run in batch)

    monkeypatch.setattr(ResultWriter, "_write", write)
    monkeypatch.setattr(result_writer, "_QUEUE_BYTES", 100)
    errors: list[BaseException] = []
    running = RunningDatums(world.vs, info.id, "me")
    ledger = OutputLedger(EMPTY_TREE, world.vs.nodes, (), str)
    writer = ResultWriter(world.vs, job, "me", DatumCounts(), ledger, 0.0, errors.append, running)
    writer.put(result("a", 60))
    writer.put(result("b", 40))
    late = threading.Thread(target=writer.put, args=(result("c", 1000),))
    late.start()
    late.join(0.2)
    assert late.is_alive()
    gate.set()
    late.join(10)
    writer.finish()
    running.close()
    assert (written, errors) == (["a", "b", "c"], [])
