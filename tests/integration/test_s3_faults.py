"""A real S3 server behind a proxy that spoils what passes: errors, broken connections, stalls."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import datavc
from datavc.errors import DatavcError, StoreUnavailable
from datavc.store.backend import Backend
from datavc.store.backends import retry, s3
from datavc.store.open import open_backend
from datavc.versioning import versioned_store
from tests.services.faulty_proxy import Fault, FaultyProxy, faulty_proxy

pytestmark = pytest.mark.s3

#: S3 takes no smaller ones.
PART_SIZE = 5 * 1024 * 1024
NOISE = random.Random(12).randbytes(PART_SIZE + 17)
FAULTS: tuple[Fault, ...] = ("500", "503", "reset", "cut", "short", "stall", "slow")
#: Those after which no answer has come.
LOST: tuple[Fault, ...] = ("500", "503", "reset", "stall")
#: So many requests are spoiled where nothing helps.
ALL = 1_000_000


@pytest.fixture(scope="module")
def proxy(s3_server: Any) -> Iterator[FaultyProxy]:
    with faulty_proxy(s3_server.endpoint) as made, pytest.MonkeyPatch.context() as patched:
        for name, value in s3_server.environment.items():
            patched.setenv(name, value)
        patched.setenv("AWS_ENDPOINT_URL", made.url)
        patched.setattr(s3, "PART_SIZE", PART_SIZE)
        yield made


@pytest.fixture(autouse=True)
def healed(proxy: FaultyProxy) -> Iterator[None]:
    yield
    proxy.heal()


@contextmanager
def short_of_patience(fault: Fault, seconds: float) -> Iterator[None]:
    """Let what is opened wait so long only, where answers do not come."""
    with pytest.MonkeyPatch.context() as patched:
        if fault == "stall":
            patched.setattr(s3, "READ_TIMEOUT", timedelta(seconds=seconds))
            patched.setattr(s3, "REQUEST_TIMEOUT", timedelta(seconds=seconds))
        yield


def open_store(store: str, fault: Fault, *, tries: int = 4) -> Backend:
    """One that waits for nothing between its tries, and is short of patience with stalls alone."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(s3, "REQUEST_RETRIES", tries - 1)
        patient = partial(retry.RetryBackend, attempts=min(tries, 2), sleep=lambda _: None)
        patched.setattr(retry, "RetryBackend", patient)
        with short_of_patience(fault, 0.2 if tries == 1 else 0.5):
            return open_backend(store)


def new_store() -> str:
    return f"s3://datavc-integration/{uuid4().hex}"


class StepsStore:
    """One store for all steps; opening it takes longer than most of them."""

    def __init__(self) -> None:
        self._url = new_store()
        self._opened: dict[tuple[bool, int], Backend] = {}
        self.open("500").put("packs/there", NOISE[:100_000])

    def open(self, fault: Fault, *, tries: int = 4) -> Backend:
        """See :func:`open_store`."""
        key = (fault == "stall", tries)
        if key not in self._opened:
            self._opened[key] = open_store(self._url, fault, tries=tries)
        return self._opened[key]


@pytest.fixture(scope="module")
def steps_store(proxy: FaultyProxy) -> StepsStore:
    return StepsStore()


def write(backend: Backend) -> None:
    writer = backend.open_writer("packs/large")
    try:
        writer.write([NOISE])
        writer.close()
    except BaseException:
        writer.abort()
        raise


#: What is done, the method of the request that is spoiled, and how many of them pass before.
STEPS: dict[str, tuple[Callable[[Backend], object], str, int]] = {
    "put": (lambda backend: backend.put("packs/new", NOISE[:100_000]), "PUT", 0),
    "get": (lambda backend: backend.get("packs/there", 5, 50_000), "GET", 0),
    "size": (lambda backend: backend.size("packs/there"), "HEAD", 0),
    "list": (lambda backend: list(backend.list()), "GET", 0),
    "delete": (lambda backend: backend.delete("packs/gone"), "POST", 0),
    "begin": (write, "POST", 0),
    "part": (write, "PUT", 1),
    "complete": (write, "POST", 1),
}


def prepare(step: str, backend: Backend) -> None:
    if step == "delete":
        backend.put("packs/gone", b"gone")
    elif step == "put":
        backend.delete("packs/new")
    else:
        backend.delete("packs/large")


def keys(backend: Backend) -> list[str]:
    return [found.key for found in backend.list()]


def check_done(step: str, backend: Backend) -> None:
    if step in ("begin", "part", "complete"):
        assert bytes(backend.get("packs/large")) == NOISE
    elif step == "put":
        assert bytes(backend.get("packs/new")) == NOISE[:100_000]
    elif step == "delete":
        assert "packs/gone" not in keys(backend)
    assert bytes(backend.get("packs/there")) == NOISE[:100_000]


def may_be_cut(step: str, fault: Fault) -> bool:
    """Whether there is a body that can be cut, and what is asked for can be asked for again."""
    return fault not in ("cut", "short") or step in ("get", "list")


@pytest.mark.parametrize(
    ("step", "fault"),
    [(step, fault) for step in STEPS for fault in FAULTS if may_be_cut(step, fault)],
)
def test_what_is_spoiled_once_is_tried_again(
    proxy: FaultyProxy, steps_store: StepsStore, step: str, fault: Fault
) -> None:
    act, method, skip = STEPS[step]
    backend = steps_store.open(fault)
    prepare(step, backend)
    proxy.spoil(fault, method, skip=skip)
    done = act(backend)
    assert proxy.spoiled == 1
    assert fault == "slow" or method in proxy.passed
    if step == "get":
        assert bytes(done) == NOISE[5:50_005]  # type: ignore[call-overload]
    check_done(step, backend)


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("step", STEPS)
def test_what_is_spoiled_for_good_is_one_clear_error(
    proxy: FaultyProxy, steps_store: StepsStore, step: str, fault: Fault
) -> None:
    act, method, skip = STEPS[step]
    backend = steps_store.open("500")
    prepare(step, backend)
    impatient = steps_store.open(fault, tries=1)
    proxy.spoil(fault, method, skip=skip, times=ALL)
    with pytest.raises(StoreUnavailable) as caught:
        act(impatient)
    check_clear(caught.value)
    proxy.heal()
    if act is write:
        assert "packs/large" not in keys(backend)
    act(backend)
    check_done(step, backend)


def check_clear(error: DatavcError) -> None:
    """One line of little length, and what to do."""
    assert error.message
    assert "\n" not in error.message
    assert len(error.message) < 500
    assert error.hint


@pytest.mark.parametrize("fault", LOST)
def test_opening_a_store_outlives_a_fault_or_says_so(proxy: FaultyProxy, fault: Fault) -> None:
    store = new_store()
    proxy.spoil(fault)
    open_store(store, fault).put("packs/new", b"new")
    assert proxy.spoiled == 1
    proxy.spoil(fault, times=ALL)
    with pytest.raises(StoreUnavailable) as caught:
        open_store(store, fault, tries=1)
    check_clear(caught.value)


@dataclass
class World:
    """A home whose packs are behind the proxy, and what was acknowledged to its user."""

    proxy: FaultyProxy
    folder: Path
    store: str
    files: dict[str, bytes] = field(default_factory=dict)
    #: The contents that differ from all before.
    made: int = 0
    #: Opening takes longer than what most verbs do then.
    backend: Backend | None = None
    impatient: Backend | None = None

    def client(self, *, impatient: bool = False) -> datavc.Client:
        """One that has read nothing yet."""
        backend = self.impatient if impatient else self.backend
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(versioned_store, "open_backend", lambda _url, **_: backend)
            return datavc.connect(home=self.folder / "home", store=self.store, author="ann")

    def content(self) -> bytes:
        """Several chunks that nobody has put before."""
        self.made += 1
        return random.Random(self.made).randbytes(600_000)

    def fresh_folder(self) -> Path:
        self.made += 1
        return self.folder / f"{self.made}"

    def check(self) -> None:
        """All that was acknowledged is there, and nothing else; nothing is damaged."""
        with self.client() as client:
            found = {one.path: client.read(f"data:/{one.path}") for one in client.ls("data")}
            assert found.keys() == self.files.keys()
            assert found == self.files
            assert client.fsck(deep=True).problems == ()


#: Does one verb, given a content of its own, and gives what it is about where that is read.
Act = Callable[[datavc.Client, World, bytes], bytes | None]


def commit(client: datavc.Client, _world: World, _content: bytes) -> None:
    client.commit("data", "staged")


def merge(client: datavc.Client, _world: World, _content: bytes) -> None:
    assert client.merge("data@side", "main").commit is not None


def gc(client: datavc.Client, _world: World, _content: bytes) -> None:
    client.gc(grace_s=0, unreachable_keep_s=0)


def get(client: datavc.Client, world: World, _content: bytes) -> bytes:
    target = world.fresh_folder()
    client.get("data", target)
    return (target / "large").read_bytes()


def export(client: datavc.Client, world: World, _content: bytes) -> bytes:
    target = world.fresh_folder()
    client.export("data", target)
    return (target / "large").read_bytes()


def export_to_bucket(client: datavc.Client, world: World, _content: bytes) -> None:
    client.export("data", f"{world.store}-{world.made}")


def fsck(client: datavc.Client, _world: World, _content: bytes) -> None:
    assert client.fsck(deep=True).problems == ()


def stage(client: datavc.Client, content: bytes) -> None:
    client.put(content, "data:/new")


def on_side(client: datavc.Client, content: bytes) -> None:
    if "side" in [branch.name for branch in client.list_branches("data")]:
        client.delete_branch("data", "side")
    client.create_branch("data", "side", start="main")
    client.put(content, "data@side:/new", message="side")
    client.put(content[::-1], "data:/own", message="main")


def garbage(client: datavc.Client, content: bytes) -> None:
    """A pack of which nothing is in use, and one that is worth rewriting."""
    client.create_repo("scratch")
    client.put(content, "scratch:/gone", message="gone")
    client.delete_repo("scratch")


@dataclass(frozen=True)
class Verb:
    """Something that people do, what comes before, and which files it leaves on main."""

    act: Act
    prepare: Callable[[datavc.Client, bytes], None] = lambda _client, _content: None
    #: The paths that it puts the content at.
    puts: tuple[str, ...] = ()
    #: Those that the preparation put at main, with the content reversed.
    prepared: tuple[str, ...] = ()


VERBS = {
    "put": Verb(lambda client, _, data: client.put(data, "data:/new", message="new") and None,
                puts=("new",)),
    "commit": Verb(commit, stage, puts=("new",)),
    "merge": Verb(merge, on_side, puts=("new",), prepared=("own",)),
    "read": Verb(lambda client, _, _data: client.read("data:/large")),
    "get": Verb(get),
    "export": Verb(export),
    "export to a bucket": Verb(export_to_bucket),
    "gc": Verb(gc, garbage),
    "fsck": Verb(fsck),
}  # fmt: skip


@pytest.fixture(scope="module", params=FAULTS[1:])
def fault(request: pytest.FixtureRequest) -> Fault:
    chosen: Fault = request.param
    return chosen


@pytest.fixture(scope="module")
def world(proxy: FaultyProxy, fault: Fault, tmp_path_factory: pytest.TempPathFactory) -> World:
    made = World(proxy, tmp_path_factory.mktemp(fault), new_store())
    made.backend = open_store(made.store, fault)
    made.impatient = open_store(made.store, fault, tries=1)
    with made.client() as client:
        client.create_repo("data")
        made.files["large"] = made.content()
        client.put(made.files["large"], "data:/large", message="large")
    return made


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_outlives_a_fault_or_says_so(world: World, fault: Fault, name: str) -> None:
    verb = VERBS[name]
    requests = count_requests(world, verb)
    assert requests
    for skip in {0, requests - 1}:
        error = meet(world, verb, fault, skip=skip, times=1)
        # An answer that was cut may be one that cannot be asked for again.
        assert error is None or fault in ("cut", "short")
    error = meet(world, verb, fault, skip=0, times=ALL)
    if fault in LOST:
        assert isinstance(error, StoreUnavailable)
    if fault == "slow":
        assert error is None
    world.check()


def count_requests(world: World, verb: Verb) -> int:
    """How many requests the verb makes where nothing is spoiled."""
    content = world.content()
    with world.client() as client:
        begin(world, client, verb, content)
        world.proxy.spoil("500", times=0)
        verb.act(client, world, content)
        count = len(world.proxy.passed)
    end(world, verb, content)
    return count


def meet(world: World, verb: Verb, fault: Fault, *, skip: int, times: int) -> DatavcError | None:
    """Do it with a fault; where that ends in an error, nothing has changed, and it is done again.

    Returns:
        the error.
    """
    content = world.content()
    error: DatavcError | None = None
    with world.client() as client:
        begin(world, client, verb, content)
    with world.client(impatient=times == ALL) as client:
        world.proxy.spoil(fault, skip=skip, times=times)
        try:
            # A verb may open a bucket of its own.
            with short_of_patience(fault, 0.5):
                read = verb.act(client, world, content)
        except DatavcError as caught:
            error = caught
        # How many requests a collection makes depends on what those before it remembered.
        assert world.proxy.spoiled or (skip and verb.act is gc)
        world.proxy.heal()
    if error is not None:
        check_clear(error)
        with world.client() as client:
            assert_unchanged(client, world)
            read = verb.act(client, world, content)
    assert read is None or read == world.files["large"]
    end(world, verb, content)
    return error


def begin(world: World, client: datavc.Client, verb: Verb, content: bytes) -> None:
    verb.prepare(client, content)
    world.files |= dict.fromkeys(verb.prepared, content[::-1])


def assert_unchanged(client: datavc.Client, world: World) -> None:
    assert {one.path: one.size for one in client.ls("data")} == {
        path: len(data) for path, data in world.files.items()
    }


def end(world: World, verb: Verb, content: bytes) -> None:
    """What it was to put is there; what it staged is committed."""
    world.files |= dict.fromkeys(verb.puts, content)
    with world.client() as client:
        if list(client.staged_changes("data")):
            client.commit("data", "what was staged")
            world.files["new"] = content
        assert client.read("data:/new") == content if verb.puts else True


@pytest.mark.parametrize("step", ["begin", "complete"])
def test_an_upload_whose_answer_is_cut_is_made_again(
    proxy: FaultyProxy, tmp_path: Path, step: str
) -> None:
    with datavc.connect(home=tmp_path / "home", store=new_store(), author="ann") as client:
        client.create_repo("data")
        proxy.spoil("cut", "POST", skip=STEPS[step][2])
        # Nobody knows whether the upload was completed, so whoever writes begins anew.
        with pytest.raises(StoreUnavailable):
            client.put(NOISE, "data:/large", message="large")
        assert list(client.ls("data")) == []
        client.put(NOISE, "data:/large", message="large")
        assert client.read("data:/large") == NOISE
        client.gc(grace_s=0)
        assert client.read("data:/large") == NOISE
        assert client.fsck(deep=True).is_sound
