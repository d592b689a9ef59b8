"""Whatever is done to the files of a working copy, committing it stores just what is there."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import datavc

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
