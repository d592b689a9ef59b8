"""Starting a program in a session of its own, with pipes for what it prints.

Python's own way holds up every thread of the process until the program has begun. Where datums take
a millisecond, that is a good part of the time; so the C library's ``posix_spawn`` is called, while
other threads go on. Where it lacks what is needed, Python's own way it is.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

#: Python ignores these; programs expect to be ended by them.
_RESET = (signal.SIGPIPE, signal.SIGXFSZ)
# Of <spawn.h>.
_SETSIGDEF, _SETSID = 0x04, 0x80
#: Standard input, output and error output.
_STREAMS = 3
#: More than the C library's opaque structures take on any machine.
_ROOM = 1024


class StartedProgram(Protocol):
    """A program that runs, and the reading ends of its pipes."""

    pid: int
    stdout: int
    stderr: int

    def wait(self) -> int:
        """Wait for its end; its exit code, or the negative number of the signal that ended it."""

    def close(self) -> None:
        """Close the pipes."""


class ProgramStarter:
    """Starts programs, and remembers where they are; to be used by one thread, for one job."""

    def __init__(self) -> None:
        #: By name, and the ``PATH`` that it was looked for in.
        self._found: dict[tuple[str, str], str | None] = {}

    def start(
        self,
        cmd: Sequence[str],
        directory: Path,
        env: Mapping[str, str],
        stdin: int,
        prepare: Callable[[], None] | None = None,
    ) -> StartedProgram:
        """Start a program.

        Args:
            cmd: program and arguments; a program without a slash is looked for in the ``PATH`` of
                *env*.
            directory: where it runs.
            env: all its variables.
            stdin: descriptor of its standard input.
            prepare: called in the new process before the program begins; slow.

        Raises:
            OSError: it cannot be started; names the program or the folder.
        """
        program = self._find(cmd[0], env.get("PATH", os.defpath))
        # With descriptors so low, one would take the place of another.
        is_low = stdin < _STREAMS
        if prepare is None and program is not None and _SPAWN.is_usable and not is_low:
            # It may have moved since it was found.
            with suppress(FileNotFoundError):
                return _SpawnedProgram(program, cmd, directory, env, stdin)
        return _PythonProgram(cmd, directory, env, stdin, prepare)

    def _find(self, name: str, path: str) -> str | None:
        if "/" in name:
            return name
        if (name, path) not in self._found:
            self._found[name, path] = shutil.which(name, path=path)
        return self._found[name, path]


class _PythonProgram:
    """Started in Python's own way."""

    def __init__(
        self,
        cmd: Sequence[str],
        directory: Path,
        env: Mapping[str, str],
        stdin: int,
        prepare: Callable[[], None] | None,
    ) -> None:
        self._process = subprocess.Popen(
            cmd,
            bufsize=0,
            cwd=directory,
            env=env,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=prepare,
        )
        assert self._process.stdout is not None  # noqa: S101
        assert self._process.stderr is not None  # noqa: S101
        self.pid = self._process.pid
        self.stdout = self._process.stdout.fileno()
        self.stderr = self._process.stderr.fileno()

    def wait(self) -> int:
        return self._process.wait()

    def close(self) -> None:
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()


class _SpawnedProgram:
    """Started by ``posix_spawn``."""

    def __init__(
        self,
        program: str,
        cmd: Sequence[str],
        directory: Path,
        env: Mapping[str, str],
        stdin: int,
    ) -> None:
        self.stdout, stdout = os.pipe()
        self.stderr, stderr = os.pipe()
        try:
            self.pid = _SPAWN.start(program, cmd, directory, env, (stdin, stdout, stderr))
        except BaseException:
            self.close()
            raise
        finally:
            os.close(stdout)
            os.close(stderr)

    def wait(self) -> int:
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        os.close(self.stdout)
        os.close(self.stderr)


class _Spawn:
    """``posix_spawn`` and what belongs to it; functions of this kind let other threads go on."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None)
        #: Whether a program can be given a folder, and no descriptors but three.
        self.is_usable = all(
            hasattr(self._libc, f"posix_spawn_file_actions_{name}_np")
            for name in ("addchdir", "addclosefrom")
        )
        if not self.is_usable:
            return
        reset = ctypes.create_string_buffer(_ROOM)
        self._libc.sigemptyset(reset)
        for number in _RESET:
            self._libc.sigaddset(reset, int(number))
        self._attributes = ctypes.create_string_buffer(_ROOM)
        self._libc.posix_spawnattr_init(self._attributes)
        self._libc.posix_spawnattr_setsigdefault(self._attributes, reset)
        self._libc.posix_spawnattr_setflags(self._attributes, ctypes.c_short(_SETSID | _SETSIGDEF))

    def start(
        self,
        program: str,
        cmd: Sequence[str],
        directory: Path,
        env: Mapping[str, str],
        streams: tuple[int, int, int],
    ) -> int:
        """Start *program*; its process id."""
        libc = self._libc
        actions = ctypes.create_string_buffer(_ROOM)
        pid = ctypes.c_int()
        arguments = _strings(cmd)
        variables = _strings([f"{name}={value}" for name, value in env.items()])
        libc.posix_spawn_file_actions_init(actions)
        try:
            libc.posix_spawn_file_actions_addchdir_np(actions, os.fsencode(directory))
            for number, descriptor in enumerate(streams):
                libc.posix_spawn_file_actions_adddup2(actions, descriptor, number)
            libc.posix_spawn_file_actions_addclosefrom_np(actions, _STREAMS)
            error = libc.posix_spawn(
                ctypes.byref(pid), os.fsencode(program), actions, self._attributes,
                arguments, variables,
            )  # fmt: skip
        finally:
            libc.posix_spawn_file_actions_destroy(actions)
        if error:
            raise OSError(
                error, os.strerror(error), cmd[0] if directory.is_dir() else str(directory)
            )
        return pid.value


def _strings(texts: Sequence[str]) -> ctypes.Array[ctypes.c_char_p]:
    """An array of strings as C ends it."""
    encoded = os.fsencode("\0".join(texts)).split(b"\0")
    if len(encoded) != len(texts):
        raise ValueError("an argument or a variable of a program holds a NUL byte")
    return (ctypes.c_char_p * (len(encoded) + 1))(*encoded, None)


# Made before there are threads.
_SPAWN = _Spawn()
