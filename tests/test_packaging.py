"""The wheel: what is in it, and that it works where nothing else is installed."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, built as users get it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (found,) = folder.glob("*.whl")
    return found


def test_wheel_holds_what_is_needed_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    top = {name.partition("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {
        "datavc",
        "datavc_server",
        "datavc_cli",
    }
    for package in ("datavc", "datavc_server", "datavc_cli"):
        assert f"{package}/py.typed" in names
    versions = {path.name for path in (ROOT / "datavc/db/migrations/versions").glob("*.py")}
    shipped = {Path(name).name for name in names if "/migrations/versions/" in name}
    assert versions
    assert versions == shipped
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_wheel_works_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    folder = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    installed = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", str(wheel)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert installed.returncode == 0, installed.stderr

    command = folder / "bin" / "datavc"
    shown = _run(command, "--help", cwd=tmp_path)
    assert "Git for data" in shown
    unserved = subprocess.run(
        [command, "serve"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert unserved.returncode == 1
    assert 'pip install "datavc[server]"' in unserved.stderr
    probe = (
        "import importlib.util as u, datavc;"
        "print([n for n in ('server', 'cli', 'tests') if u.find_spec(n)], datavc.__version__)"
    )
    assert _run(python, "-c", probe, cwd=tmp_path).strip() == "[] 0.1.0"

    home = ("--home", str(tmp_path / "home"))
    (tmp_path / "hello.txt").write_text("hello\n")
    _run(command, *home, "repo", "create", "data", cwd=tmp_path)
    _run(command, *home, "put", "hello.txt", "data", "-m", "first", cwd=tmp_path)
    assert _run(command, *home, "cat", "data:/hello.txt", cwd=tmp_path) == "hello\n"


def _run(program: Path, *arguments: str, cwd: Path) -> str:
    finished = subprocess.run(
        [program, *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout
