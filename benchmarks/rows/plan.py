"""Cutting a hundred thousand files into datums."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from benchmarks.bench import Bench
from benchmarks.growth.repo import make_first_commit
from benchmarks.row import Contest, Row, Side, Target
from datavc.model.commit import TreeRef
from datavc.model.datum import plan_datums
from datavc.model.pipeline import parse_pipeline_spec
from datavc.versioning.resolve import get_tree
from datavc.versioning.versioned_store import open_versioned_store

_FILES = 100_000


def _pfs(repo: str, **more: str) -> dict[str, object]:
    return {"pfs": {"repo": repo, "name": repo, **more}}


_GLOB = _pfs("left", glob="/*/*/*")
_JOIN = {
    "join": [
        _pfs("left", glob="/(*)/(*)/(*)", join_on="$1/$2/$3"),
        _pfs("right", glob="/(*)/(*)/(*)", join_on="$1/$2/$3"),
    ]
}


def _prepare(bench: Bench, document: Mapping[str, object]) -> Contest:
    count = max(1, int(_FILES * bench.scale))
    home = bench.space("plan")
    trees: dict[tuple[str, str], TreeRef] = {}
    with bench.client(home) as client:
        for repo in ("left", "right"):
            client.create_repo(repo)
            make_first_commit(client, count, repo)
    vs = bench.cleanup.enter_context(open_versioned_store(home))
    for repo in ("left", "right"):
        trees[repo, "main"] = get_tree(vs, repo, "main")
    spec = parse_pipeline_spec(
        {"pipeline": {"name": "p"}, "transform": {"cmd": ["true"]}, "input": document}
    )

    def plan() -> None:
        planned = sum(1 for _ in plan_datums(spec.input, trees, vs.nodes, "code"))
        assert planned == count, f"{planned} datums of {count}"

    return Contest(Side("plan", plan))


GLOB = Row(
    "plan-glob", "100,000 datums planned by a glob", Target(5, seconds=True), 0,
    partial(_prepare, document=_GLOB), "plan",
)  # fmt: skip
JOIN = Row(
    "plan-join", "100,000 datums planned by a join of two repos", Target(5, seconds=True), 0,
    partial(_prepare, document=_JOIN), "plan",
)  # fmt: skip
