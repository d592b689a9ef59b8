from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from datavc.errors import AccessDenied, InvalidAddress, StoreUnavailable
from datavc.store.backend import Backend
from datavc.store.backends.deferred import DeferredBackend
from datavc.store.backends.memory import MemoryBackend
from datavc.store.open import open_backend


def test_opened_once_by_the_first_who_need_it(memory: MemoryBackend) -> None:
    opened: list[Backend] = []

    def open_inner() -> Backend:
        time.sleep(0.01)
        opened.append(memory)
        return memory

    backend = DeferredBackend(open_inner)
    assert opened == []
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: backend.put(f"a/{number}", b"x"), range(4)))
    assert opened == [memory]
    assert len(list(backend.list("a/"))) == 4


def test_opening_that_fails_is_tried_again(memory: MemoryBackend) -> None:
    answers: list[Backend | StoreUnavailable] = [StoreUnavailable("away"), memory]

    def open_inner() -> Backend:
        answer = answers.pop(0)
        if isinstance(answer, StoreUnavailable):
            raise answer
        return answer

    backend = DeferredBackend(open_inner)
    with pytest.raises(StoreUnavailable):
        backend.put("a", b"x")
    backend.put("a", b"x")
    assert bytes(memory.get("a")) == b"x"


def test_a_bucket_that_nobody_uses_is_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    backend = open_backend("s3://bucket/prefix", when_used=True)
    with pytest.raises(AccessDenied, match="no credentials"):
        backend.size("a")
    with pytest.raises(InvalidAddress):
        open_backend("s3://", when_used=True)
