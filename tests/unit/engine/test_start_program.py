"""Starting programs: both ways give a program the same surroundings."""

import os
import select
from pathlib import Path

import pytest

from datavc.engine.executors import start_program as module
from datavc.engine.executors.start_program import ProgramStarter

PATH = os.environ["PATH"]


@pytest.fixture(autouse=True, params=["spawned", "python"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "python":
        monkeypatch.setattr(module._SPAWN, "is_usable", False)
    elif not module._SPAWN.is_usable:
        pytest.skip("this C library's posix_spawn lacks what is needed")
    return request.param


def output(
    *cmd: str,
    directory: Path = Path("/"),
    env: dict[str, str] | None = None,
    starter: ProgramStarter | None = None,
) -> tuple[int, str, str]:
    """Exit code, and what is printed."""
    starter = starter or ProgramStarter()
    stdin = os.open(os.devnull, os.O_RDONLY)
    try:
        program = starter.start(cmd, directory, {"PATH": PATH, **(env or {})}, stdin)
    finally:
        os.close(stdin)
    try:
        printed = {program.stdout: b"", program.stderr: b""}
        while ready := select.select([*printed], [], [])[0]:
            pieces = [os.read(descriptor, 65536) for descriptor in ready]
            for descriptor, piece in zip(ready, pieces, strict=True):
                printed[descriptor] += piece
            if len(ready) == len(printed) and not any(pieces):
                break
        out, err = (printed[each].decode() for each in (program.stdout, program.stderr))
        return program.wait(), out, err
    finally:
        program.close()


def test_folder_variables_arguments_and_exit_code(tmp_path: Path) -> None:
    script = 'pwd; echo "$A $B" "$@"; echo error >&2; exit 3'
    found = output(
        "sh", "-c", script, "sh", "é", "b c", directory=tmp_path, env={"A": "ä", "B": "x=y"}
    )
    assert found == (3, f"{tmp_path}\nä x=y é b c\n", "error\n")


def test_nothing_of_the_engine_is_there() -> None:
    code, out, _ = output("env")
    assert (code, out) == (0, f"PATH={PATH}\n")
    with open(os.devnull) as file:
        os.set_inheritable(file.fileno(), True)
        _, out, _ = output("sh", "-c", "echo /proc/self/fd/*")
        assert f"/proc/self/fd/{file.fileno()}" not in out.split()


def test_a_session_of_its_own_and_the_usual_signals() -> None:
    _, out, _ = output("sh", "-c", 'cut -d " " -f 6 /proc/$$/stat; echo $$')
    session, own = out.split()
    assert session == own
    _, out, _ = output("grep", "SigIgn", "/proc/self/status")
    assert int(out.split()[1], 16) & 1 << 12 == 0


def test_a_signal_is_told() -> None:
    assert output("sh", "-c", "kill -9 $$")[0] == -9


def test_programs_are_found_by_the_path_that_they_see(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "own"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho own\n")
    program.chmod(0o755)
    starter = ProgramStarter()
    path = {"PATH": f"{tmp_path}:{program.parent}"}
    assert output("own", env=path, starter=starter)[1] == "own\n"
    moved = program.rename(tmp_path / "own")
    assert output("own", env=path, starter=starter)[1] == "own\n"
    moved.rename(program)
    assert output("bin/own", directory=tmp_path)[1] == "own\n"


@pytest.mark.parametrize(
    ("program", "folder", "named", "error"),
    [
        ("none-such", ".", "none-such", FileNotFoundError),
        ("/none/such", ".", "/none/such", FileNotFoundError),
        ("./plain", ".", "./plain", PermissionError),
        ("true", "missing", "missing", FileNotFoundError),
    ],
)
def test_what_cannot_be_started_is_named(
    tmp_path: Path, program: str, folder: str, named: str, error: type[OSError]
) -> None:
    (tmp_path / "plain").write_text("no program")
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(error) as found:
        output(program, directory=tmp_path / folder)
    assert str(found.value.filename).endswith(named)
    assert len(os.listdir("/proc/self/fd")) == before
    with pytest.raises(ValueError, match=r"(?i)nul"):
        output("true", env={"A": "a\0b"})
