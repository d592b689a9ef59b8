"""Reading ahead: nobody changes the working copy between then and when it is needed."""

from __future__ import annotations

from contextvars import Context
from pathlib import Path

import pytest

from datavc.client.reading_ahead import put_ahead, working_copy_ahead
from datavc.errors import Conflict
from datavc.model.link_handling import LinkHandling
from datavc.versioning import folders_ahead
from datavc.versioning.local_folder import read_ahead
from datavc.versioning.working_copy.copy_state import CopyState, locked, write_state


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(folders_ahead, "_LARGE", 3)
    root = tmp_path / "copy"
    (root / ".datavc").mkdir(parents=True)
    write_state(root, CopyState("/home", "data", "main", True, "", None))
    for number in range(5):
        (root / f"file-{number}").write_bytes(b"x")
    return root


def _lock_as_another_command(root: Path) -> None:
    def lock() -> None:
        with locked(root):
            pass

    Context().run(lock)


def test_the_lock_is_taken_before_and_handed_over(copy: Path) -> None:
    with working_copy_ahead(str(copy)):
        assert read_ahead.get() is not None
        with pytest.raises(Conflict, match="another command is at work"):
            _lock_as_another_command(copy)
        with locked(copy), pytest.raises(Conflict, match="another command is at work"):
            _lock_as_another_command(copy)
        _lock_as_another_command(copy)
        with locked(copy):
            pass
    _lock_as_another_command(copy)


def test_a_lock_that_nobody_needed_is_let_go(copy: Path) -> None:
    with working_copy_ahead(str(copy)):
        pass
    _lock_as_another_command(copy)


def test_a_command_that_fails_lets_go_of_it(copy: Path) -> None:
    with pytest.raises(RuntimeError), working_copy_ahead(str(copy)):
        raise RuntimeError
    _lock_as_another_command(copy)


def test_nothing_is_read_ahead_while_another_command_is_at_work(copy: Path) -> None:
    with locked(copy):
        with working_copy_ahead(str(copy)):
            assert read_ahead.get() is None
        with pytest.raises(Conflict):
            _lock_as_another_command(copy)


def test_a_small_working_copy_is_left_alone(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders_ahead, "_LARGE", 1000)
    with working_copy_ahead(str(copy)):
        assert read_ahead.get() is None
        _lock_as_another_command(copy)


def test_a_folder_that_is_no_working_copy_is_somebody_elses_business(tmp_path: Path) -> None:
    with working_copy_ahead(str(tmp_path)):
        assert read_ahead.get() is None


def test_a_large_folder_to_be_put_is_read_ahead(copy: Path) -> None:
    with put_ahead([f"{copy}/"], LinkHandling.REFUSE):
        assert read_ahead.get() is not None
    with put_ahead([f"{copy}/file-0"], LinkHandling.REFUSE):
        assert read_ahead.get() is None
    with put_ahead([f"{copy}/", str(copy)], LinkHandling.REFUSE):
        assert read_ahead.get() is None
