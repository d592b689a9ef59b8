"""Asking whether a file is finished, beside programs that come to write to it."""

import subprocess
import sys
from pathlib import Path

ASK = """
import fcntl, os, sys
from datavc.engine import finished_files

path = sys.argv[1]
ask = fcntl.fcntl

def interrupted(descriptor, what, argument):
    answer = ask(descriptor, what, argument)
    if (what, argument) == (fcntl.F_SETLEASE, fcntl.F_RDLCK):
        try:
            os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except BlockingIOError:
            print("somebody comes to write")
    return answer

fcntl.fcntl = interrupted
file = os.open(path, os.O_RDONLY)
print(finished_files.nobody_writes(file), flush=True)
"""


def test_who_comes_to_write_meanwhile_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"content")
    asked = subprocess.run(
        [sys.executable, "-c", ASK, str(file)], capture_output=True, text=True, check=False
    )
    assert asked.stderr == ""
    assert (asked.returncode, asked.stdout) == (0, "somebody comes to write\nTrue\n")
