"""A lineage as an SVG picture: what was made from what, from left to right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from datavc_cli.wording import moment, safe, short

if TYPE_CHECKING:
    from datavc.model.commit_info import CommitInfo, Lineage

_WIDTH, _HEIGHT = 230, 74
#: Room for an arrow that passes by the boxes of a column.
_LANE = 12
_GAP_X, _GAP_Y = 70, 22
_MARGIN = 24
#: Letters of a box's lines, in the bold and in the plain size.
_TITLE_LETTERS, _LINE_LETTERS = 26, 36
#: Times that layers are put in order by their neighbours; more changes little.
_SWEEPS = 4

_STYLE = """
svg { background: #ffffff; font-family: system-ui, 'DejaVu Sans', sans-serif; }
rect { fill: #f2f5f9; stroke: #7b8ca3; rx: 8px; }
.made rect { fill: #e7f3ea; stroke: #4f8a63; }
.asked rect { stroke-width: 3px; }
.gone rect { fill: #f5f5f5; stroke: #aaaaaa; stroke-dasharray: 5 4; }
text { fill: #1f2937; font-size: 11px; }
text.title { font-size: 13px; font-weight: 600; }
path { fill: none; stroke: #7b8ca3; stroke-width: 1.5px; marker-end: url(#arrow); }
marker path { fill: #7b8ca3; stroke: none; marker-end: none; }
"""


@dataclass(frozen=True, slots=True)
class _Place:
    x: float
    y: float
    height: float

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


def draw_picture(found: Lineage) -> str:
    """The picture: a box for each commit with the pipeline version and the job that made it."""
    commits = {commit.id: commit for commit in found.commits}
    upstream = _upstream_of(found)
    layers = _layers(upstream)
    ways = _ways(upstream, layers)
    layers = _in_order(layers, ways)
    places, width, height = _places(layers, upstream)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
            f'viewBox="0 0 {width:g} {height:g}" role="img">',
            f"<title>{escape(safe(_title(found, commits)))}</title>",
            f"<style>{_STYLE}</style>",
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
            'markerHeight="8" orient="auto"><path d="M0,0 L8,4 L0,8 z"/></marker></defs>',
            *_arrows(ways, places),
            *_boxes(found, commits, places),
            "</svg>",
            "",
        ]
    )


def _upstream_of(found: Lineage) -> dict[str, list[str]]:
    upstream: dict[str, list[str]] = {found.commit: []}
    for edge in found.edges:
        upstream.setdefault(edge.upstream, [])
        upstream.setdefault(edge.downstream, []).append(edge.upstream)
    return upstream


def _layers(upstream: dict[str, list[str]]) -> list[list[str]]:
    """Commits by the longest way from a commit that was made from nothing."""
    depth: dict[str, int] = {}
    for commit in TopologicalSorter(upstream).static_order():
        depth[commit] = 1 + max((depth[each] for each in upstream[commit]), default=-1)
    layers: list[list[str]] = [[] for _ in range(1 + max(depth.values()))]
    for commit, layer in depth.items():
        layers[layer].append(commit)
    return layers


def _ways(upstream: dict[str, list[str]], layers: list[list[str]]) -> list[list[str]]:
    """The way of each arrow, with a stop in every layer that it passes; stops join the layers."""
    depth = {commit: at for at, layer in enumerate(layers) for commit in layer}
    ways: list[list[str]] = []
    for commit, sources in upstream.items():
        for source in sources:
            stops: list[str] = []
            for layer in range(depth[source] + 1, depth[commit]):
                stops.append(f"{source} to {commit} at {layer}")
                layers[layer].append(stops[-1])
            ways.append([source, *stops, commit])
    return ways


def _in_order(layers: list[list[str]], ways: list[list[str]]) -> list[list[str]]:
    """Put each layer in the order of its neighbours, to and fro, so that few arrows cross."""
    left: defaultdict[str, list[str]] = defaultdict(list)
    right: defaultdict[str, list[str]] = defaultdict(list)
    for way in ways:
        for start, end in pairwise(way):
            left[end].append(start)
            right[start].append(end)
    rank = {stop: float(at) for layer in layers for at, stop in enumerate(layer)}
    ordered = [list(layer) for layer in layers]
    for sweep in range(_SWEEPS):
        neighbours = right if sweep % 2 else left
        for layer in reversed(ordered) if sweep % 2 else ordered:
            layer.sort(key=lambda stop: _mean(neighbours[stop], rank, rank[stop]))
            rank |= {stop: float(at) for at, stop in enumerate(layer)}
    return ordered


def _mean(stops: Sequence[str], rank: dict[str, float], without: float) -> float:
    return sum(rank[stop] for stop in stops) / len(stops) if stops else without


def _places(
    layers: Sequence[Sequence[str]], commits: Collection[str]
) -> tuple[dict[str, _Place], float, float]:
    def tall(stop: str) -> int:
        return _HEIGHT if stop in commits else _LANE

    used = [sum(map(tall, layer)) + (len(layer) - 1) * _GAP_Y for layer in layers]
    height = 2 * _MARGIN + max(used)
    places: dict[str, _Place] = {}
    for column, layer in enumerate(layers):
        x, y = _MARGIN + column * (_WIDTH + _GAP_X), (height - used[column]) / 2
        for stop in layer:
            places[stop] = _Place(x, y, tall(stop))
            y += tall(stop) + _GAP_Y
    width = 2 * _MARGIN + len(layers) * _WIDTH + (len(layers) - 1) * _GAP_X
    return places, width, height


def _arrows(ways: Sequence[Sequence[str]], places: dict[str, _Place]) -> Iterator[str]:
    for way in ways:
        first = places[way[0]]
        line = [f"M{first.x + _WIDTH:g},{first.middle:g}"]
        for start, end in pairwise(places[stop] for stop in way):
            x1, x2, bend = start.x + _WIDTH, end.x, _GAP_X / 2
            line.append(
                f"L{x1:g},{start.middle:g} C{x1 + bend:g},{start.middle:g} "
                f"{x2 - bend:g},{end.middle:g} {x2:g},{end.middle:g}"
            )
        yield f'<path d="{" ".join(line)}"/>'


def _boxes(
    found: Lineage, commits: dict[str, CommitInfo], places: dict[str, _Place]
) -> Iterator[str]:
    for identifier, place in places.items():
        if place.height == _LANE:
            continue
        commit = commits.get(identifier)
        kinds = ["asked"] if identifier == found.commit else []
        kinds += ["gone"] if commit is None else ["made"] if commit.pipeline else []
        title, *lines = _lines(identifier, commit)
        x = place.x + 12
        yield f"<g class={quoteattr(' '.join(kinds))}>"
        yield f"<title>{escape(safe(_in_full(identifier, commit)))}</title>"
        yield f'<rect x="{place.x:g}" y="{place.y:g}" width="{_WIDTH}" height="{_HEIGHT}"/>'
        shown = escape(safe(_cut(title, _TITLE_LETTERS)))
        yield f'<text class="title" x="{x:g}" y="{place.y + 21:g}">{shown}</text>'
        for at, line in enumerate(lines):
            shown = escape(safe(_cut(line, _LINE_LETTERS)))
            yield f'<text x="{x:g}" y="{place.y + 38 + 14 * at:g}">{shown}</text>'
        yield "</g>"


def _lines(identifier: str, commit: CommitInfo | None) -> list[str]:
    if commit is None:
        return [short(identifier), "its repo was deleted"]
    by = f"pipeline {commit.pipeline}" if commit.pipeline else commit.author
    said = commit.message.partition("\n")[0]
    if commit.pipeline:
        # The message of a pipeline's commit is `NAME@VERSION: job ID`.
        said = said.partition(": ")[2] or said
    return [f"{commit.repo}@{short(commit.id)}", by, said, moment(commit.time_us)]


def _in_full(identifier: str, commit: CommitInfo | None) -> str:
    if commit is None:
        return identifier
    return f"{commit.repo}@{commit.id}\n{commit.message}"


def _title(found: Lineage, commits: dict[str, CommitInfo]) -> str:
    asked = commits.get(found.commit)
    name = f"{asked.repo}@{short(asked.id)}" if asked else short(found.commit)
    return f"What {name} was {'used for' if found.direction == 'downstream' else 'made from'}"


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1]}…"
