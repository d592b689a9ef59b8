"""Pages whose ``console`` blocks are run: read, run in a scratch folder, compare, write anew.

``python -m tests.docs.console_page PAGE ...`` puts what commands really print into pages.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

ROOT = Path(__file__).parents[2]
#: Says at the top of a page which service its commands need.
_NEED = re.compile(r"<!-- needs: (\w+) -->\n")
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)

#: What differs from run to run, and what it is compared as.
_VARYING = (
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\dZ?"), "<time>"),
    (re.compile(r"\b[0-9a-f]{8,64}\b"), "<id>"),
    (re.compile(r"\b\d+(\.\d+)? (s|ms)\b"), "<duration>"),
    (re.compile(r"/tmp/[\w./-]*?(?=/home\b)"), "<folder>"),
    (re.compile(r"file://[\w./-]*?(?=/scans/)"), "<folder>"),
    (re.compile(r"\s+"), " "),
)


@dataclass(frozen=True)
class Step:
    """A command of a page, and what it prints according to the page."""

    command: str
    shown: list[str]


def pages(needs: str = "") -> list[Path]:
    """Every page that has commands to be run, and needs that service, or none."""
    found = [ROOT / "README.md"]
    for folder in ("docs", "examples"):
        found += sorted((ROOT / folder).rglob("*.md"))
    texts = {page: page.read_text(encoding="utf-8") for page in found}
    return [page for page, text in texts.items() if _BLOCK.search(text) and _need_of(text) == needs]


def _need_of(text: str) -> str:
    found = _NEED.match(text)
    return found[1] if found else ""


def examples(needs: str = "") -> list[Path]:
    """The page of every example that has commands to be run, as :func:`pages`."""
    return [page for page in pages(needs) if page.is_relative_to(ROOT / "examples")]


def steps(text: str) -> list[Step]:
    """The commands of a page in their order: ``$ `` starts one, ``> `` goes on with it."""
    found: list[Step] = []
    for block in _BLOCK.finditer(text):
        found += _steps_of(block[1])
    return found


def _steps_of(block: str) -> Iterator[Step]:
    command: list[str] = []
    shown: list[str] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            if command:
                yield Step("\n".join(command), shown)
            command, shown = [line[2:]], []
        elif command and not shown and (line == ">" or line.startswith("> ")):
            command.append(line[2:])
        else:
            shown.append(line)
    if command:
        yield Step("\n".join(command), shown)


def agree(shown: list[str], printed: list[str]) -> bool:
    """Whether a command printed what the page shows; ``...`` stands for any lines."""
    pattern = "".join(
        "(?:.*\n)*" if line.strip() == "..." else re.escape(_plain(line)) + "\n" for line in shown
    )
    text = "".join(_plain(line) + "\n" for line in printed)
    return re.fullmatch(pattern, text) is not None


def _plain(line: str) -> str:
    for varying, name in _VARYING:
        line = varying.sub(name, line)
    return line.strip()


class Shell:
    """One bash for a whole page, in a folder of its own with the real command line."""

    def __init__(self, folder: Path, executor: str, env: Mapping[str, str]) -> None:
        self.folder = folder
        keep = {
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "TERM": "dumb",
            "COLUMNS": "100",
            "NO_COLOR": "1",
        }
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env={
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "HOME": str(folder / "home"),
                "TZ": "UTC",
                "DATAVC_HOME": str(folder / "home"),
                "DATAVC_AUTHOR": "ada@example.com",
                "DATAVC_EXECUTOR": executor,
                **keep,
                **env,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: str) -> tuple[list[str], int]:
        """Run one command; the lines it printed, and its exit code."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        nonce = uuid4().hex
        self._process.stdin.write(f"{command}\nprintf '%s %s\\n' {nonce} $?\n")
        self._process.stdin.flush()
        printed: list[str] = []
        for line in self._process.stdout:
            text, found, code = line.rstrip("\n").partition(nonce)
            if found:
                return [*printed, text] if text else printed, int(code)
            printed.append(text)
        raise AssertionError(f"the shell ended in: {command}")

    def close(self) -> None:
        """End it, and what it left in the background."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("kill $(jobs -p) 2>/dev/null; wait; exit\n")
        process.stdin.close()
        process.stdout.close()
        process.wait()


def run_page(
    page: Path,
    folder: Path,
    *,
    executor: str = "process",
    image: str = "",
    env: Mapping[str, str] | None = None,
) -> Iterator[tuple[Step, list[str], int]]:
    """Run a page's commands; each with what it printed and its exit code.

    Args:
        page: the page; one of an example runs with a copy of the example's files.
        folder: where the commands run.
        executor: what runs transforms.
        image: in place of those that the example's specs name.
        env: variables of the service that the page needs.
    """
    if page.is_relative_to(ROOT / "examples"):
        shutil.copytree(page.parent, folder, dirs_exist_ok=True)
        for spec in folder.glob("pipelines.*") if image else ():
            text = re.sub(r"image: [^',\n]+$", f"image: {image}", spec.read_text(), flags=re.M)
            spec.write_text(re.sub(r"image: '.*'", f"image: '{image}'", text))
    shell = Shell(folder, executor, env or {})
    try:
        for step in steps(page.read_text(encoding="utf-8")):
            yield step, *shell.run(step.command)
    finally:
        shell.close()


def write_anew(page: Path) -> None:
    """Put what the commands print now into a page, where it does not agree."""
    text = page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        done = iter(list(run_page(page, Path(folder))))

    def block(match: re.Match[str]) -> str:
        lines: list[str] = []
        for _ in _steps_of(match[1]):
            step, printed, _code = next(done)
            first, *more = step.command.split("\n")
            lines += [f"$ {first}", *(f"> {line}" for line in more)]
            lines += step.shown if agree(step.shown, printed) else printed
        return "```console\n" + "".join(f"{line.rstrip()}\n" for line in lines) + "```"

    page.write_text(_BLOCK.sub(block, text), encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write_anew(Path(name).resolve())
