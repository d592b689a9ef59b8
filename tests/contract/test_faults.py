"""Every verb against every fault of the store, at each of its steps.

After a fault either the verb has succeeded, or it raised the error that fits; nothing half done is
visible, nothing is damaged, and the same verb then does its work.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

import datavc
from datavc.errors import DataCorrupt, DatavcError, OutOfSpace, Purged, StoreUnavailable
from datavc.model.entry import Entry
from datavc.model.ids import digest_of
from datavc.model.tree.scan import scan
from datavc.store.backend import Backend
from datavc.store.backends.local import LocalBackend
from datavc.store.backends.retry import RetryBackend
from datavc.store.content import read_content
from datavc.store.objects import ObjectStore
from datavc.testing.faults import FaultyBackend, Operation
from datavc.versioning.nodes import NodeStore

#: What people see.
State = dict[str, object]

NOISE = random.Random(9).randbytes(1_400_000)
OTHER = random.Random(10).randbytes(600_000)


@dataclass(frozen=True)
class Verb:
    """Something that people do."""

    act: Callable[[datavc.Client, Path], object]
    #: Whether it leaves all branches, staging and files as they are.
    only_reads: bool = False

    @property
    def may_repeat(self) -> bool:
        """Whether doing it twice comes to the same as once."""
        return self.only_reads


def _gc(client: datavc.Client, _folder: Path) -> None:
    client.gc(grace_s=0, unreachable_keep_s=0)
    left = client.gc(grace_s=0, unreachable_keep_s=0, dry_run=True)
    assert (left.dropped_packs, left.rewritten_packs, left.orphans) == (0, 0, 0)


def _get(client: datavc.Client, folder: Path) -> None:
    client.get("data", folder / "got")
    assert (folder / "got" / "large").read_bytes() == NOISE


def _export(client: datavc.Client, folder: Path) -> None:
    client.export("data", str(folder / "mirror"))
    assert (folder / "mirror" / "large").read_bytes() == NOISE


def _put_folder(client: datavc.Client, folder: Path) -> None:
    source = folder / "source"
    source.mkdir(exist_ok=True)
    for number in range(30):
        (source / f"{number}").write_text(f"{number}" * 50)
    (source / "big").write_bytes(OTHER[::-1])
    client.put(f"{source}/", "data:/folder", recursive=True, message="folder")


VERBS = {
    "put": Verb(lambda client, _: client.put(OTHER[:-1], "data:/more")),
    "put_at_once": Verb(_put_folder),
    "append": Verb(lambda client, _: client.append(b"tail", "data:/large")),
    "commit": Verb(lambda client, _: client.commit("data", "staged")),
    "merge": Verb(lambda client, _: client.merge("data@side", "main")),
    "revert": Verb(lambda client, _: client.revert("data@main", "main")),
    "cherry_pick": Verb(lambda client, _: client.cherry_pick("data@side", "data@main")),
    "remove": Verb(lambda client, _: client.remove("data:/large", message="less")),
    "gc": Verb(_gc, only_reads=True),
    "purge": Verb(lambda client, _: client.purge("data", "secret")),
    "get": Verb(_get, only_reads=True),
    "export": Verb(_export, only_reads=True),
    "diff": Verb(lambda client, _: list(client.diff("data@main~1", "data@main")), only_reads=True),
    "fsck": Verb(lambda client, _: client.fsck(deep=True), only_reads=True),
}
WRITES: tuple[Operation, ...] = ("open_writer", "write", "close", "put")
#: Of many calls of one kind, the first and the last ones are made to fail.
_ENDS = 2


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which each of the verbs has something to do."""
    home = tmp_path_factory.mktemp("template") / "home"
    with datavc.connect(home=home, author="ann") as client:
        client.create_repo("data")
        client.create_repo("scratch")
        client.put(NOISE, "data:/large", message="large")
        client.create_branch("data", "side", start="main")
        client.put(b"from the side", "data@side:/side", message="side")
        client.put(OTHER, "data:/secret", message="secret")
        # A pack that is worth rewriting, and one in which nothing is in use.
        source = home / "source"
        source.mkdir()
        (source / "gone").write_bytes(NOISE[::-1])
        (source / "kept").write_bytes(OTHER[:400_000])
        client.put(f"{source}/", "scratch", recursive=True, message="both")
        client.put(b"useless", "scratch:/useless", message="useless")
        client.put(OTHER[:400_000], "data:/kept", message="kept")
        client.delete_repo("scratch")
        client.put(b"staged", "data:/staged")
    return home


@dataclass(frozen=True)
class Measure:
    """What a verb does where nothing fails."""

    #: What people see before it and after it.
    before: State
    after: State
    #: Its calls of the store, each with how many of that kind come before.
    steps: list[tuple[Operation, int]]

    @property
    def only_reads_the_store(self) -> bool:
        """Whether it leaves all that is stored as it is."""
        return not {operation for operation, _ in self.steps} & {*WRITES, "delete"}


@pytest.fixture(scope="module")
def measures() -> dict[str, Measure]:
    """By verb; every test of a verb begins with the same."""
    return {}


class Case:
    """One verb in a home of its own, with one fault."""

    def __init__(
        self,
        template: Path,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        measures: dict[str, Measure],
    ) -> None:
        self._template = template
        self._measures = measures
        self._folder = folder
        self._monkeypatch = monkeypatch
        self._count = 0
        self.home = folder
        self.faulty: FaultyBackend

    def start(self) -> None:
        """A fresh home."""
        if self._count:
            shutil.rmtree(self.home)
        self._count += 1
        self.home = self._folder / f"case{self._count}"
        shutil.copytree(self._template, self.home)

    @contextmanager
    def client(self, *, retry: bool = False) -> Iterator[datavc.Client]:
        def open_backend(url: str, *, when_used: bool) -> Backend:
            self.faulty = FaultyBackend(LocalBackend(Path(url)))
            return RetryBackend(self.faulty, sleep=lambda _: None) if retry else self.faulty

        with self._monkeypatch.context() as patched:
            patched.setattr("datavc.versioning.versioned_store.open_backend", open_backend)
            with datavc.connect(home=self.home, author="ann") as client:
                yield client

    def state(self, *, deep: bool = True) -> State:
        """All that people see, read anew; nothing of it is damaged."""
        seen: State = {}
        with datavc.connect(home=self.home, author="ann") as client:
            for branch in client.list_branches("data"):
                ref = f"data@{branch.name}"
                seen[f"{ref} log"] = [commit.message for commit in client.log(ref)]
                seen[f"{ref} files"] = _digests(client, branch.name)
                seen[f"{ref} staged"] = [change.path for change in client.staged_changes(ref)]
            assert client.fsck(deep=deep).problems == ()
        return seen

    def measure(self, name: str) -> Measure:
        """Do it without a fault: its calls of the store, and what there was before and after."""
        if name not in self._measures:
            self._measures[name] = self._measure(VERBS[name])
        return self._measures[name]

    def _measure(self, verb: Verb) -> Measure:
        self.start()
        before = self.state()
        with self.client() as client:
            self.faulty.calls.clear()
            verb.act(client, self.home)
            calls = dict(self.faulty.calls)
        after = self.state()
        assert (before == after) == verb.only_reads
        steps = [
            (operation, number)
            for operation, count in calls.items()
            for number in range(count)
            if number < _ENDS or number >= count - _ENDS
        ]
        return Measure(before, after, steps)

    def fail(self, operation: Operation, error: DatavcError, number: int) -> None:
        """Let a call of the verb fail."""
        self.faulty.fail(operation, error, skip=number)

    def spoil(self, how: str, number: int) -> None:
        """Let the store give wrong bytes once."""
        if how == "cut":
            self.faulty.cut_next_get(40, skip=number)
        else:
            self.faulty.flip_next_get(100, skip=number)


@pytest.fixture
def case(
    template: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    measures: dict[str, Measure],
) -> Case:
    return Case(template, tmp_path, monkeypatch, measures)


@pytest.mark.parametrize("name", VERBS)
def test_a_fault_at_each_step(case: Case, name: str) -> None:
    steps = case.measure(name).steps
    assert steps
    for operation, number in steps:
        full = operation in WRITES and number % 2
        error = OutOfSpace("the disk is full") if full else StoreUnavailable("SlowDown")
        spoil = partial(case.fail, operation, error, number)
        check_fault(case, name, type(error), spoil, (operation, number))


@pytest.mark.parametrize("spoil", ["cut", "flip"])
@pytest.mark.parametrize("name", VERBS)
def test_a_body_that_is_cut_short_or_wrong(case: Case, name: str, spoil: str) -> None:
    steps = case.measure(name).steps
    for number in (number for operation, number in steps if operation == "get"):
        check_fault(case, name, DataCorrupt, partial(case.spoil, spoil, number), number)


@pytest.mark.parametrize("name", VERBS)
def test_what_is_tried_again_succeeds(case: Case, name: str) -> None:
    measure = case.measure(name)
    case.start()
    with case.client(retry=True) as client:
        for operation, number in measure.steps:
            if operation not in ("write", "close"):
                case.fail(operation, StoreUnavailable("SlowDown"), number)
        VERBS[name].act(client, case.home)
    assert case.state() == measure.after


def check_fault(
    case: Case,
    name: str,
    error: type[DatavcError],
    spoil: Callable[[], None],
    step: object,
) -> None:
    """The verb raises that error or has come to its end, and does its work when asked again."""
    verb, measure = VERBS[name], case.measure(name)
    case.start()
    with case.client() as client:
        spoil()
        with suppress(error):
            verb.act(client, case.home)
        # What the fault may have left is seen after the second time, too, where nothing is written.
        state = measure.before if measure.only_reads_the_store else case.state(deep=False)
        assert state in (measure.before, measure.after), step
        if state == measure.before or verb.may_repeat:
            verb.act(client, case.home)
    assert case.state() == measure.after, step


def _digests(client: datavc.Client, branch: str) -> dict[str, str]:
    """The digest of what is read of each file, by path."""
    tree = client.transport.tree("data", branch)
    objects = client.transport.objects
    return {path: _digest(objects, entry) for path, entry in scan(tree, NodeStore(objects))}


def _digest(objects: ObjectStore, entry: Entry) -> str:
    try:
        return digest_of(b"".join(read_content(objects, entry))).hex()
    except Purged:
        return "purged"
