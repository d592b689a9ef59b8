from __future__ import annotations

from itertools import pairwise

from datavc.model.commit_info import CommitInfo, Lineage, LineageEdge
from datavc_cli.commands.lineage import draw


def commit(identifier: str, repo: str) -> CommitInfo:
    return CommitInfo(identifier, repo, (), "ada", "why\nmore", 0, 1, 1, "t", "r")


def test_diamond_is_opened_once() -> None:
    edges = [("d", "b"), ("d", "c"), ("b", "a"), ("c", "b")]
    graph = Lineage(
        "d",
        "upstream",
        tuple(commit(name, f"repo-{name}") for name in "dbca"),
        tuple(LineageEdge(upstream=up, downstream=down) for down, up in edges),
    )
    lines = list(draw(graph))
    assert [line.partition("@")[0] for line in lines] == [
        "repo-d",
        "├── repo-b",
        "│   └── repo-a",
        "└── repo-c",
        "    └── repo-b",
    ]
    assert lines[-1].endswith("(see above)")
    assert not lines[2].endswith("(see above)")


def test_downstream_turns_the_edges_round() -> None:
    edge = LineageEdge(upstream="a", downstream="b")
    graph = Lineage("a", "downstream", (commit("a", "raw"), commit("b", "clean")), (edge,))
    assert [line.partition("@")[0] for line in draw(graph)] == ["raw", "└── clean"]


def test_commit_of_a_deleted_repo() -> None:
    edge = LineageEdge(upstream="gone" * 16, downstream="b")
    graph = Lineage("b", "upstream", (commit("b", "clean"),), (edge,))
    assert list(draw(graph))[1] == "└── gonegonegone  (its repo was deleted)"


def test_long_chain() -> None:
    names = [f"{number:05}" for number in range(3000)]
    edges = tuple(LineageEdge(upstream=up, downstream=down) for down, up in pairwise(names))
    graph = Lineage(names[0], "upstream", tuple(commit(name, "r") for name in names), edges)
    assert sum(1 for _ in draw(graph)) == 3000
