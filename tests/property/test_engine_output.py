"""After any sequence of input commits a pipeline's output is that of a run from scratch."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datavc.engine.pipelines import delete_pipeline
from datavc.model.job import JobState
from tests.integration.engine.conftest import World

NAMES = ("a", "b", "d/x", "d/y", "e/x")
#: What becomes of a file in a commit: new content, one that makes its datum fail, or removal.
CONTENTS = st.sampled_from([b"1", b"2", b"3", b"fail", b"recover", None])
COMMITS = st.lists(st.dictionaries(st.sampled_from(NAMES), CONTENTS, min_size=1), max_size=5)

#: One output for each input file, and one for each datum.
SCRIPT = """
cd "$DATAVC_PFS/in"
find . -type f | sort | while read -r f
do
    case $(cat "$f") in fail) exit 3;; recover) exit 4;; esac
    mkdir -p "$DATAVC_PFS/out/$(dirname "$f")"
    { echo "$f"; cat "$f"; } >"$DATAVC_PFS/out/$f.out"
done
"""
RECOVER = 'if grep -rqx fail "$DATAVC_PFS/in"; then exit 1; fi'


def spec(name: str, node: dict[str, object]) -> dict[str, object]:
    return {
        "pipeline": {"name": name},
        "transform": {"cmd": ["sh", "-euc", SCRIPT], "err_cmd": ["sh", "-euc", RECOVER]},
        "input": node,
        "datum_tries": 1,
    }


def pfs(glob: str, **fields: object) -> dict[str, object]:
    return {"pfs": {"name": "in", "repo": "raw", "glob": glob, **fields}}


INPUTS = [
    pfs("/"),
    pfs("/*"),
    pfs("/**"),
    pfs("/*/*"),
    {"group": [pfs("/**/(*)", group_by="$1")]},
    {"cross": [pfs("/*"), {"pfs": {"name": "other", "repo": "raw", "glob": "/a"}}]},
]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(INPUTS), COMMITS)
def test_the_output_is_that_of_a_run_from_scratch(
    node: dict[str, object], commits: list[dict[str, bytes | None]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), workers=2)
        try:
            world.repo("raw")
            world.create(spec("step", node))
            for number, files in enumerate([{"a": b"1"}, *commits]):
                (job,) = world.commit_and_drive("raw", {**files, "serial": b"%d" % number})
                (scratch,) = world.create(spec("scratch", node))
                facts = (job.state, job.datums_total)
                assert facts == (scratch.state, scratch.datums_total)
                if job.state is JobState.SUCCESS:
                    assert job.datums_recovered == scratch.datums_recovered
                    assert world.files("step") == world.files("scratch")
                delete_pipeline(world.vs, "scratch", "tester")
        finally:
            world.close()
