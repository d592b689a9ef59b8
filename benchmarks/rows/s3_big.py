"""One big file into a real S3 server."""

from __future__ import annotations

from benchmarks.bench import Bench, program, run
from benchmarks.row import Pair, Row, Side
from benchmarks.s3 import Buckets


def prepare(bench: Bench) -> Pair:
    rclone = program("rclone", "apt-get install rclone")
    big, buckets = bench.big(), Buckets(bench)
    env, server = buckets.server.environment, buckets.server
    home = bench.folder / "runs" / "s3-big"
    remote = {
        # rclone refuses to start with one, and the server here speaks plain HTTP.
        "AWS_CA_BUNDLE": "",
        "RCLONE_CONFIG": "/dev/null",
        "RCLONE_CONFIG_PEER_TYPE": "s3",
        "RCLONE_CONFIG_PEER_PROVIDER": "SeaweedFS",
        "RCLONE_CONFIG_PEER_ENDPOINT": server.endpoint,
        "RCLONE_CONFIG_PEER_ACCESS_KEY_ID": server.access_key,
        "RCLONE_CONFIG_PEER_SECRET_ACCESS_KEY": server.secret_key,
    }
    used: dict[str, str] = {}

    def store() -> dict[str, str]:
        return {"DATAVC_STORE": f"s3://{used['ours']}/store"}

    def reset_ours() -> None:
        used["ours"] = buckets.new(used.get("ours"))
        bench.space("s3-big")
        bench.datavc(home, "repo", "create", "data", env=env | store())

    def reset_theirs() -> None:
        used["theirs"] = buckets.new(used.get("theirs"))

    def copy() -> None:
        target = f"peer:{used['theirs']}/big.bin"
        run([rclone, "copyto", "--s3-no-check-bucket", str(big), target], env=remote)

    return Pair(
        Side(
            "datavc put -m",
            lambda: bench.datavc(home, "put", str(big), "data", "-m", "put", env=env | store()),
            reset_ours,
        ),
        [Side("rclone copyto", copy, reset_theirs)],
    )


ROW = Row("s3-big", "put of the 2 GiB file to the same", "rclone", 1.1, 5 * 1024**3, prepare)
