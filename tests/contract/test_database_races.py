"""Many writers at once, in threads and in processes: the same on both databases."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from datavc.db import branches, commits, job_claims, jobs, outbox, pipelines, ref_log, repos
from datavc.db.chunks import SqlChunkIndex
from datavc.db.pipelines import NewVersion
from datavc.db.session import Database
from datavc.model.commit import Commit, Provenance, TreeRef
from datavc.model.entry import ChunkRef, Location
from datavc.model.ids import digest_of
from datavc.model.job import JobState

WRITERS = 16

# What each of several processes runs: it moves a branch forward until it has done so five times.
MOVER = """
import sys
from datavc.db import branches
from datavc.db.session import Database

database, line = Database.open(sys.argv[1]), sys.argv[2:]
landed = 0
while landed < 5:
    with database.read() as conn:
        head = branches.find(conn, 1, "main").head
    new = line[line.index(head) + 1]
    with database.write() as conn:
        landed += branches.move(conn, 1, "main", head, new, author="p", reason="race", time_us=1)
"""

# Claims what there is, drops it, and says what it was.
CLAIMER = """
import sys
from datavc.db import outbox
from datavc.db.session import Database

database = Database.open(sys.argv[1])
while True:
    with database.write() as conn:
        events = outbox.claim(conn, sys.argv[2], 60, limit=3)
    if not events:
        break
    with database.write() as conn:
        assert outbox.ack(conn, sys.argv[2], [event.id for event in events]) == len(events)
    print(*(event.id for event in events), sep="\\n")
"""


def make_branch(database: Database, length: int) -> list[str]:
    """Repo 1 with a branch at the first of *length* commits."""
    with database.write() as conn:
        repo = repos.create(conn, "data", description="", default_branch="main", time_us=1)
        assert repo.id == 1
        line: list[str] = []
        for number in range(length):
            tree = TreeRef(digest_of(str(number).encode()), None, 0, 0)
            commit = Commit(
                "data", tree, tuple(line[-1:]), "ann", "", number, Provenance(), "0" * 32
            )
            commits.create(conn, repo.id, commit)
            line.append(commit.id)
        branches.create(conn, 1, "main", line[0], author="ann", reason="new", time_us=1)
    return line


def in_threads(work: Callable[[int], object]) -> None:
    with ThreadPoolExecutor(WRITERS) as pool:
        for result in [pool.submit(work, number) for number in range(WRITERS)]:
            result.result()


def run_processes(script: str, *arguments: list[str]) -> list[str]:
    command = [sys.executable, "-c", script]
    running = [
        subprocess.Popen([*command, *given], stdout=subprocess.PIPE, text=True)
        for given in arguments
    ]
    output = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0] * len(running)
    return output


def assert_log_is_the_line(database: Database, line: list[str]) -> None:
    """Every success is accounted for: the ref log is one unbroken way from end to end."""
    with database.read() as conn:
        head = branches.find(conn, 1, "main")
        moves = [move for _, move in ref_log.list_moves(conn, 1, limit=1000)][::-1]
    assert head is not None
    assert head.head == line[-1]
    assert [move.new for move in moves] == line
    assert [move.old for move in moves] == [None, *line[:-1]]


def test_threads_that_race_for_a_branch_all_land(database: Database) -> None:
    line = make_branch(database, WRITERS * 5 + 1)

    def move_five_times(number: int) -> None:
        landed = 0
        while landed < 5:
            with database.read() as conn:
                found = branches.find(conn, 1, "main")
            assert found is not None
            assert found.head is not None
            new = line[line.index(found.head) + 1]
            with database.write() as conn:
                landed += branches.move(
                    conn, 1, "main", found.head, new, author=f"{number}", reason="", time_us=1
                )

    in_threads(move_five_times)
    assert_log_is_the_line(database, line)


def test_processes_that_race_for_a_branch_all_land(database: Database, database_url: str) -> None:
    line = make_branch(database, 3 * 5 + 1)
    run_processes(MOVER, *([database_url, *line] for _ in range(3)))
    assert_log_is_the_line(database, line)


def test_of_many_moves_from_one_head_one_wins(database: Database) -> None:
    line = make_branch(database, WRITERS + 1)
    won: list[str] = []

    def move(number: int) -> None:
        new = line[number + 1]
        with database.write() as conn:
            if branches.move(conn, 1, "main", line[0], new, author="a", reason="", time_us=1):
                won.append(new)

    in_threads(move)
    with database.read() as conn:
        found = branches.find(conn, 1, "main")
        assert found is not None
        assert [found.head] == won
        assert len(ref_log.list_moves(conn, 1)) == 2


def test_no_event_is_handed_to_two_threads(database: Database) -> None:
    with database.write() as conn:
        added = [outbox.add(conn, "tick", {}, time_us=1) for _ in range(100)]
    claimed: list[int] = []

    def drain(number: int) -> None:
        missed = 0
        # Others may hold what is left for a moment; twice nothing is the end.
        while missed < 2:
            with database.write() as conn:
                events = outbox.claim(conn, f"engine {number}", 60, limit=3)
            claimed.extend(event.id for event in events)
            missed = 0 if events else missed + 1

    in_threads(drain)
    assert sorted(claimed) == added


def test_no_event_is_handed_to_two_processes(database: Database, database_url: str) -> None:
    with database.write() as conn:
        added = [outbox.add(conn, "tick", {}, time_us=1) for _ in range(60)]
    output = run_processes(CLAIMER, *([database_url, f"engine {number}"] for number in range(3)))
    assert sorted(int(line) for text in output for line in text.split()) == added


def test_no_job_is_handed_to_two_engines(database: Database) -> None:
    """Four pipelines with five jobs each, and jobs of one pipeline run in their order."""
    with database.write() as conn:
        for pipeline in range(4):
            version = NewVersion({}, "d", [], "out", "main", "ann", 1)
            pipeline_id = pipelines.create(conn, f"p{pipeline}", version)
            for number in range(5):
                jobs.create(
                    conn,
                    f"{pipeline:016x}{number:016x}",
                    pipeline_id=pipeline_id,
                    version=1,
                    run_id="r",
                    inputs=[],
                    time_us=number,
                )
    claimed: list[str] = []

    def work(number: int) -> None:
        while True:
            with database.write() as conn:
                job = job_claims.claim(conn, f"engine {number}", 60)
                left = any(not job.state.is_terminal for job in jobs.list_jobs(conn))
            if job is not None:
                claimed.append(job.id)
                with database.write() as conn:
                    assert job_claims.transition(conn, job.id, f"engine {number}", JobState.FAILURE)
            elif not left:
                return

    in_threads(work)
    assert len(claimed) == len(set(claimed)) == 20
    for pipeline in range(4):
        mine = [job for job in claimed if job.startswith(f"{pipeline:016x}")]
        assert mine == sorted(mine)


def test_jobs_made_at_once_get_places_of_their_own(database: Database) -> None:
    with database.write() as conn:
        version = NewVersion({}, "d", [], "out", "main", "ann", 1)
        pipeline_id = pipelines.create(conn, "p", version)

    def make(number: int) -> None:
        with database.write() as conn:
            jobs.create(
                conn,
                f"{number:032x}",
                pipeline_id=pipeline_id,
                version=1,
                run_id="r",
                inputs=[],
                time_us=1,
            )

    in_threads(make)
    with database.read() as conn:
        places = [job.sequence for job in jobs.list_jobs(conn)]
    assert sorted(places) == list(range(1, WRITERS + 1))


def test_packs_with_the_same_chunks_may_arrive_at_once(database: Database) -> None:
    index = SqlChunkIndex(database)
    digests = [digest_of(str(number).encode()) for number in range(500)]

    def add(number: int) -> None:
        pack = bytes([number]) * 16
        order = digests if number % 2 else digests[::-1]
        index.add_pack(pack, 1, [ChunkRef(digest, 1, Location(pack, 0, 1)) for digest in order])

    in_threads(add)
    found = index.lookup(digests)
    assert sorted(found) == sorted(digests)
