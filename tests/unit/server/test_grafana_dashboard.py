"""The dashboard and the page about metrics name what a server shows, all of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

HOWTO = Path(__file__).parents[3] / "docs" / "howto"
NAME = re.compile(r"\b(?:datavc|process)_[a-z_]+\b")


def families(client) -> dict[str, str]:
    """The names of all samples, and the families that they are of."""
    client.get("/repos")
    text = client.get("/metrics").text
    return {
        sample.name: family.name
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_each_metric_of_the_dashboard_exists_and_each_of_ours_is_on_it(client) -> None:
    dashboard = json.loads((HOWTO / "grafana-dashboard.json").read_text())
    named: set[str] = set()
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            found = set(NAME.findall(target["expr"]))
            assert found, panel["title"]
            named |= found
    known = families(client)
    assert named - set(known) == set()
    ours = {family for family in known.values() if family.startswith("datavc_")}
    assert ours - {known[name] for name in named} == {"datavc_repos", "datavc_packs"}


def test_panels_do_not_lie_on_each_other() -> None:
    dashboard = json.loads((HOWTO / "grafana-dashboard.json").read_text())
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    assert len({(place["x"], place["y"]) for place in places}) == len(places)
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(places)


def test_the_page_names_each_metric(client) -> None:
    page = (HOWTO / "observability.md").read_text()
    known = families(client)
    table = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `datavc_")]
    named = {name for cell in table for name in NAME.findall(cell)}
    ours = {name for name, family in known.items() if family.startswith("datavc_")}
    plain = {re.sub(r"_(bucket|sum|count)$", "", name) for name in ours}
    assert plain == named
