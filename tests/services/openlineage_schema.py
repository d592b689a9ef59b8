"""Holds events against the published schemas of OpenLineage, without asking anybody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

_SCHEMAS = Path(__file__).parent.parent / "fixtures" / "openlineage"
#: Its published schema of this version is not at hand; all of its fields are optional numbers.
_UNKNOWN = "OutputStatisticsOutputDatasetFacet"


def check_event(event: dict[str, object]) -> set[str]:
    """Check a run event and each facet in it; the names of the facets' schemas."""
    _validator(str(event["schemaURL"])).validate(event)
    names = set()
    for facet in _facets(event):
        url = str(facet["_schemaURL"])
        name = url.rpartition("/")[2]
        names.add(name)
        if name != _UNKNOWN:
            assert _schema(url)["$id"] == url.partition("#")[0]
            _validator(url).validate(facet)
    return names


@cache
def _validator(url: str) -> Draft202012Validator:
    return Draft202012Validator(
        {"$ref": url}, registry=Registry(retrieve=_retrieve), format_checker=FormatChecker()
    )


def _retrieve(url: str) -> Resource[object]:
    return Resource.from_contents(_schema(url))


def _schema(url: str) -> dict[str, object]:
    """The schema at an address. Bases of facets are the same in all versions of the core."""
    name = Path(urlsplit(url).path).name
    for path in (_SCHEMAS / name, _SCHEMAS / "facets" / name):
        if path.exists():
            found: dict[str, object] = json.loads(path.read_text())
            return found
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"}


def _facets(value: object) -> Iterator[dict[str, object]]:
    if isinstance(value, dict):
        if "_schemaURL" in value:
            yield value
        for one in value.values():
            yield from _facets(one)
    elif isinstance(value, list):
        for one in value:
            yield from _facets(one)
