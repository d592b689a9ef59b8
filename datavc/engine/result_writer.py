"""Making finished datums durable: many together, by one thread, a moment after they end."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from datavc.db import datums, job_claims, job_datums, packs, s3_sessions
from datavc.db.clock import now_us
from datavc.db.datums import DatumResultRow
from datavc.db.job_claims import JobFacts
from datavc.db.job_datums import JobDatumRow
from datavc.db.jobs import DatumCounts, JobRow
from datavc.engine.datum_run import DatumRun
from datavc.engine.output_ledger import OutputLedger
from datavc.engine.running_datums import RunningDatums
from datavc.errors import LostRace
from datavc.model.change_set import ChangeSetWriter, StagedRecord
from datavc.model.entry import ChunkRef, Entry
from datavc.model.ids import digest_of
from datavc.model.job import DatumState
from datavc.store.content import ContentWriter
from datavc.store.pack_session import PackSession
from datavc.versioning.nodes import SessionSink
from datavc.versioning.relied_packs import packs_of_entries, packs_written
from datavc.versioning.versioned_store import VersionedStore

#: Results that wait at most, and their bytes in memory; workers that are ahead of the store pause.
_QUEUE_SIZE = 256
_QUEUE_BYTES = 64 * 1024 * 1024
#: Bytes in memory that end a batch before its time.
_BATCH_BYTES = 32 * 1024 * 1024


class ResultWriter:
    """Collects the results of a job's datums and writes them down in batches.

    A batch is one pack and one SQL transaction: a datum whose result is written is never run
    again, and one whose result is not leaves no trace.

    Args:
        vs: where results go.
        job: the job, which *owner* must hold.
        owner: the engine.
        counts: the datums that were done before.
        ledger: is told of every output.
        batch_seconds: how long a result may wait for others.
        on_failure: called once, from the writing thread, with the first error.
        running: is told which datums others see by their results from now on.
    """

    def __init__(
        self,
        vs: VersionedStore,
        job: JobRow,
        owner: str,
        counts: DatumCounts,
        ledger: OutputLedger,
        batch_seconds: float,
        on_failure: Callable[[BaseException], None],
        running: RunningDatums,
    ) -> None:
        self._vs = vs
        self._job = job
        self._owner = owner
        #: Counts with all datums that are written down.
        self.counts = counts
        #: Outputs of the datums that were written down.
        self.outputs: dict[bytes, StagedRecord] = {}
        self._ledger = ledger
        self._batch_seconds = batch_seconds
        self._on_failure = on_failure
        self._running = running
        with vs.db.read() as conn:
            last = job_datums.list_ended(conn, job.id, newest_first=True, limit=1)
        #: When the last result was written, whatever the clock of the engine that did it says.
        self._last_us = last[0].ended_us if last else 0
        self._queue: queue.Queue[DatumRun | None] = queue.Queue(_QUEUE_SIZE)
        #: Bytes of results that were handed over and are not written yet.
        self._held = 0
        self._written = threading.Condition()
        self._broken = False
        self._thread = threading.Thread(target=self._work, name="datavc-results", daemon=True)
        self._thread.start()

    def put(self, run: DatumRun) -> None:
        """Hand over a result; waits while too many, or too large ones, are on their way."""
        size = _memory(run)
        with self._written:
            self._written.wait_for(lambda: not self._held or self._held + size <= _QUEUE_BYTES)
            self._held += size
        self._queue.put(run)

    def finish(self) -> None:
        """Write what is left, and end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        more = True
        while more:
            batch, more = self._next_batch()
            if batch and not self._broken:
                try:
                    self._write(batch)
                except BaseException as error:  # handed to the job's thread, which raises it
                    self._broken = True
                    self._on_failure(error)
            with self._written:
                self._held -= sum(_memory(run) for run in batch)
                self._written.notify_all()

    def _next_batch(self) -> tuple[list[DatumRun], bool]:
        first = self._queue.get()
        if first is None:
            return [], False
        batch, size = [first], _memory(first)
        deadline = time.monotonic() + self._batch_seconds
        while size < _BATCH_BYTES:
            try:
                run = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return batch, True
            if run is None:
                return batch, False
            batch.append(run)
            size += _memory(run)
        return batch, True

    def _write(self, batch: Sequence[DatumRun]) -> None:
        done = [run for run in batch if run.state is DatumState.SUCCESS]
        with self._vs.objects.session(self._vs.chunks) as session:
            entries = self._store_contents(session, done)
            outputs = [self._store_changes(session, files) for files in entries]
            logs = [_store_log(session, run.log) for run in batch]
            needed = packs_written(session.finish())
        needed |= packs_of_entries(self._vs, (entry for files in entries for _, entry in files))
        self._record(batch, done, outputs, logs, needed)
        for run, output, files in zip(done, outputs, entries, strict=True):
            self.outputs[run.datum.key] = output
            self._ledger.add(run.datum, files)

    def _store_contents(
        self, session: PackSession, done: Sequence[DatumRun]
    ) -> list[list[tuple[str, Entry]]]:
        writer = ContentWriter(session, self._vs.chunks)
        files = [file for run in done for file in run.outputs]
        small = iter(
            writer.write_small([file.content for file in files if isinstance(file.content, bytes)])
        )
        return [
            [
                (
                    file.path,
                    replace(next(small), executable=file.executable)
                    if isinstance(file.content, bytes)
                    else file.content,
                )
                for file in run.outputs
            ]
            for run in done
        ]

    def _store_changes(
        self, session: PackSession, files: Sequence[tuple[str, Entry]]
    ) -> StagedRecord:
        writer = ChangeSetWriter(SessionSink(session))
        for path, entry in files:
            writer.add(path, entry)
        return writer.finish()

    def _record(
        self,
        batch: Sequence[DatumRun],
        done: Sequence[DatumRun],
        outputs: Sequence[StagedRecord],
        logs: Sequence[ChunkRef | None],
        needed: set[bytes],
    ) -> None:
        counts = replace(
            self.counts,
            processed=self.counts.processed + len(done),
            failed=self.counts.failed + _count(batch, DatumState.FAILED),
            recovered=self.counts.recovered + _count(batch, DatumState.RECOVERED),
        )
        time_us = now_us()
        self._last_us = max(time_us, self._last_us + 1)
        with self._vs.db.write() as conn:
            packs.check_unmoved(conn, needed)
            if not job_claims.record(conn, self._job.id, self._owner, JobFacts(counts=counts)):
                raise LostRace(f"job {self._job.id} was taken over or stopped")
            # What is made once more to be compared is nothing for other jobs to build upon.
            if self._job.reproduces is None:
                datums.add_many(
                    conn,
                    self._job.pipeline_id,
                    [
                        DatumResultRow(run.datum.key, output, run.seconds, time_us)
                        for run, output in zip(done, outputs, strict=True)
                    ],
                )
            job_datums.add_many(
                conn,
                self._job.id,
                [_row(run, log, self._last_us) for run, log in zip(batch, logs, strict=True)],
            )
            self._running.forget(conn, [run.datum.key for run in batch])
            # From now on the results keep what was put out by S3.
            s3_sessions.remove(conn, [run.s3_session for run in batch if run.s3_session])
        self.counts = counts


def _count(batch: Sequence[DatumRun], state: DatumState) -> int:
    return sum(run.state is state for run in batch)


def _row(run: DatumRun, log: ChunkRef | None, ended_us: int) -> JobDatumRow:
    return JobDatumRow(
        key=run.datum.key,
        state=run.state,
        inputs=run.datum.labels,
        seconds=run.seconds,
        exit_code=run.exit_code,
        reason=run.reason,
        log=log,
        download_seconds=run.download_seconds,
        upload_seconds=run.upload_seconds,
        download_bytes=run.download_bytes,
        upload_bytes=run.upload_bytes,
        ended_us=ended_us,
    )


def _store_log(session: PackSession, log: bytes) -> ChunkRef | None:
    return session.add_chunk(digest_of(log), log) if log else None


def _memory(run: DatumRun) -> int:
    held = (file.content for file in run.outputs)
    return len(run.log) + sum(len(content) for content in held if isinstance(content, bytes))
