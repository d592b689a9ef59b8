"""Many small files into a real S3 server."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.restic import Restic
from benchmarks.row import Pair, Row, Side
from benchmarks.s3 import Buckets


def prepare(bench: Bench) -> Pair:
    small, buckets = bench.small(), Buckets(bench)
    env, endpoint = buckets.server.environment, buckets.server.endpoint
    home, cache = bench.folder / "runs" / "s3-small", bench.folder / "runs" / "restic-cache"
    used: dict[str, str] = {}

    def reset_ours() -> None:
        used["ours"] = buckets.new(used.get("ours"))
        bench.space("s3-small")
        bench.datavc(home, "repo", "create", "data", env=env | store())

    def store() -> dict[str, str]:
        return {"DATAVC_STORE": f"s3://{used['ours']}/store"}

    def put() -> None:
        bench.datavc(home, "put", "-r", f"{small}/", "data", "-m", "put", env=env | store())

    def restic() -> Restic:
        return Restic(f"s3:{endpoint}/{used['theirs']}", cache, env)

    def reset_theirs() -> None:
        used["theirs"] = buckets.new(used.get("theirs"))
        bench.space("restic-cache")
        restic()("init")

    return Pair(
        Side("datavc put -r -m", put, reset_ours),
        [Side("restic backup", lambda: restic()("backup", ".", cwd=small), reset_theirs)],
    )


ROW = Row(
    "s3-small", "put of the 100,000 files to a real S3 server", "restic to the same server", 0.8,
    3 * 1024**3 // 2, prepare,
)  # fmt: skip
