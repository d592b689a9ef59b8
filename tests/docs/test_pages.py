"""Every command in the README and in the docs, run as it stands there."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from tests.docs.console_page import ROOT, agree, examples, pages, run_page
from tests.services.postgres import PostgresServer

_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_print_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    for step, printed, code in run_page(page, tmp_path):
        assert agree(step.shown, printed), "\n".join([f"$ {step.command}", *printed])
        # A command that fails is there to show its error.
        shows_error = any(line.startswith("datavc: ") for line in step.shown)
        assert bool(code) == shows_error, f"{step.command} exits {code}"


@pytest.mark.docker
@pytest.mark.parametrize("page", examples(), ids=lambda page: page.parent.name)
def test_examples_run_in_containers(page: Path, tmp_path: Path, python_image: str) -> None:
    for step, printed, code in run_page(page, tmp_path, executor="docker", image=python_image):
        assert code == 0, "\n".join([f"$ {step.command}", *printed])
        assert agree(step.shown, printed), "\n".join([f"$ {step.command}", *printed])


@pytest.mark.docker
@pytest.mark.postgres
@pytest.mark.parametrize("page", examples("postgres"), ids=lambda page: page.parent.name)
def test_examples_with_a_database_run_in_containers(
    page: Path,
    tmp_path: Path,
    python_image: str,
    postgres_server: PostgresServer,
    postgres_url: str,
) -> None:
    path = f"{Path(sys.executable).parent}:{postgres_server.binaries}:{os.environ['PATH']}"
    env = {"SALES": postgres_url, "PATH": path}
    found = run_page(page, tmp_path, executor="docker", image=python_image, env=env)
    for step, printed, code in found:
        assert code == 0, "\n".join([f"$ {step.command}", *printed])
        assert agree(step.shown, printed), "\n".join([f"$ {step.command}", *printed])


def test_links_lead_somewhere() -> None:
    for page in [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *examples(),
        *examples("postgres"),
    ]:
        for link in _LINK.findall(page.read_text(encoding="utf-8")):
            if "://" not in link:
                assert (page.parent / link).exists(), f"{page}: {link}"


@pytest.mark.parametrize(
    ("shown", "printed", "equal"),
    [
        (["commit 0123456789ab  took 1.5 s"], ["commit ba9876543210 took 3 s"], True),
        (["a", "...", "z"], ["a", "b", "c", "z"], True),
        (["a", "z"], ["a", "b", "z"], False),
        (["2 files"], ["3 files"], False),
        ([], ["unexpected"], False),
    ],
)
def test_agree(shown: list[str], printed: list[str], equal: bool) -> None:
    assert agree(shown, printed) is equal
