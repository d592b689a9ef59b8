"""The reference page says what the command line says."""

from __future__ import annotations

import runpy
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "docs" / "reference"


def test_page_is_up_to_date() -> None:
    generator = runpy.run_path(str(FOLDER / "generate_cli.py"))
    expected = generator["render"]()
    assert (FOLDER / "cli.md").read_text(encoding="utf-8") == expected, (
        "run: python docs/reference/generate_cli.py"
    )


def test_every_verb_says_what_its_json_is() -> None:
    sections = (FOLDER / "cli.md").read_text(encoding="utf-8").split("\n## datavc ")[1:]
    for section in sections:
        name = section.partition("\n")[0]
        if name not in ("serve", "engine"):
            assert "--json" in section, name
            assert "\nJSON: " in section, name
