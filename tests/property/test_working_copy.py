"""Whatever is done to the files of a working copy, committing it stores just what is there."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import datavc
from datavc.client.working_copy import WorkingCopy
from datavc.versioning import stat_cache

#: A file with its content and whether it may be executed, a link with its target, or a folder.
Content = tuple[str, str]

NAMES = st.sampled_from(["a", "b", "a.txt", "sub", "ü"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
CONTENTS = st.one_of(
    st.tuples(
        st.sampled_from(["file", "executable"]), st.sampled_from(["", "one", "two", "x" * 99])
    ),
    st.tuples(st.just("link"), st.sampled_from(["a", "../b", "/nowhere"])),
    st.tuples(st.just("folder"), st.just("")),
)
TREES = st.dictionaries(PATHS, CONTENTS, max_size=8)


def write(root: Path, tree: dict[str, Content]) -> None:
    """Make *root* hold what *tree* says, as far as its paths go together."""
    for path in sorted(root.iterdir()):
        if path.name == ".datavc":
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    for path, (kind, content) in sorted(tree.items()):
        target = root / path
        if any((root / part).is_symlink() or (root / part).is_file() for part in above(path)):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if kind == "folder":
            target.mkdir(exist_ok=True)
        elif kind == "link":
            target.symlink_to(content)
        else:
            target.write_text(content)
            target.chmod(0o755 if kind == "executable" else 0o644)


def above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def read(root: Path) -> dict[str, Content]:
    """What *root* holds: files, links and empty folders."""
    found: dict[str, Content] = {}
    for folder, folders, files in os.walk(root):
        if Path(folder) == root:
            folders.remove(".datavc")
        here = Path(folder)
        for name in [*files, *(one for one in folders if (here / one).is_symlink())]:
            path = here / name
            key = path.relative_to(root).as_posix()
            if path.is_symlink():
                found[key] = ("link", str(path.readlink()))
            else:
                kind = "executable" if os.access(path, os.X_OK) else "file"
                found[key] = (kind, path.read_text())
        if here != root and not files and not folders:
            found[here.relative_to(root).as_posix()] = ("folder", "")
    return found


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(TREES, min_size=1, max_size=4))
def test_a_commit_holds_what_the_folder_did(trees: list[dict[str, Content]]) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        with datavc.connect(home=base / "home", author="ada") as client:
            client.create_repo("data")
            client.checkout("data", base / "copy")
            copy = client.working_copy(base / "copy")
            before: dict[str, Content] = {}
            for number, tree in enumerate(trees):
                write(copy.root, tree)
                held = read(copy.root)
                assert bool(copy.status().changes) == (held != before)
                if held != before:
                    copy.commit(f"{number}")
                assert copy.status().changes == ()
                other = base / f"other{number}"
                client.checkout("data", other)
                assert read(other) == held
                before = held
            for number in range(len(trees)):
                other = client.working_copy(base / f"other{number}")
                other.pull()
                assert read(other.root) == before
                assert other.status().changes == ()


PLACES = st.lists(st.sampled_from(["a", "b", "sub", "x"]), min_size=1, max_size=3).map("/".join)
#: Each content has a size of its own, so that a change within one tick of the clock is seen.
STEPS = st.one_of(
    st.tuples(st.just("write"), PLACES, st.sampled_from(["", "1", "22", "333"])),
    st.tuples(st.just("folder"), PLACES, st.just("")),
    st.tuples(st.just("remove"), PLACES, st.just("")),
    st.tuples(st.just("ignore"), PLACES, st.sampled_from(["", "sub/", ".datavcignore"])),
    st.tuples(st.sampled_from(["commit", "switch"]), st.just(""), st.sampled_from(["main", "try"])),
)


def take(copy: WorkingCopy, step: tuple[str, str, str]) -> None:
    """Do one thing in a working copy, where it can be done."""
    verb, path, content = step
    target = copy.root / path
    if verb == "commit":
        if copy.status().changes:
            copy.commit("more")
    elif verb == "switch":
        copy.switch(content, force=True)
    elif verb == "ignore":
        (copy.root / ".datavcignore").write_text(f"{path}\n{content}\n")
    elif verb == "remove" and target.is_dir():
        shutil.rmtree(target)
    elif verb == "remove" or any((copy.root / part).is_file() for part in above(path)):
        with contextlib.suppress(OSError):
            target.unlink()
    elif verb == "folder" and not target.is_file():
        target.mkdir(parents=True, exist_ok=True)
    elif not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)


def from_scratch(copy: WorkingCopy) -> object:
    """The status by reading everything; what is remembered stays as it is."""
    caches = {path: path.read_bytes() for path in (copy.root / ".datavc").glob("*.stats")}
    for path in caches:
        path.unlink()
    status = copy.status()
    for path in (copy.root / ".datavc").glob("*.stats"):
        path.unlink()
    for path, content in caches.items():
        path.write_bytes(content)
    return status


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEPS, min_size=2, max_size=12))
def test_what_is_remembered_changes_no_status(steps: list[tuple[str, str, str]]) -> None:
    with tempfile.TemporaryDirectory() as temporary, pytest.MonkeyPatch.context() as patch:
        patch.setattr(stat_cache, "_UNSETTLED_NS", 0)
        base = Path(temporary)
        with datavc.connect(home=base / "home", author="ada") as client:
            client.create_repo("data")
            client.put(b"1", "data:/sub/x/a", message="first")
            client.put(b"22", "data:/b", message="second")
            client.create_branch("data", "try", start="main~1")
            client.checkout("data", base / "copy")
            copy = client.working_copy(base / "copy")
            for step in steps:
                take(copy, step)
                expected = from_scratch(copy)
                assert copy.status() == expected
                assert copy.status() == expected
