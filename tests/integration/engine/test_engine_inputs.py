"""Joins and groups, from the spec to what a transform finds."""

from datavc.model.job import JobState

#: Prints, for each datum, its keys and all files with their content.
SHOW = """
key="${DATAVC_DATUM_left_JOIN_ON-}${PACH_DATUM_left_GROUP_BY-}"
cd "$DATAVC_PFS"
for f in left/* right/*
do
    if [ -f "$f" ]; then echo "$f=$(cat "$f")" >>"out/$key"; fi
done
echo "${left#$DATAVC_PFS/}" >>"out/$key"
"""


def part(name: str, glob: str, **fields: object) -> dict[str, object]:
    return {"pfs": {"name": name, "repo": name, "glob": glob, **fields}}


def test_a_join_pairs_files_of_two_repos(world) -> None:
    world.repo("left", "right")
    world.put("left", {"1.jpg": b"a", "2.jpg": b"b"})
    world.put("right", {"1.txt": b"c", "3.txt": b"d"})
    node = {
        "join": [
            part("left", "/(*).jpg", join_on="$1", outer_join=True),
            part("right", "/(*).txt", join_on="$1"),
        ]
    }
    (job,) = world.pipeline("pairs", node, SHOW)
    assert (job.state, job.datums_total) == (JobState.SUCCESS, 2)
    assert world.files("pairs") == {
        "1": b"left/1.jpg=a\nright/1.txt=c\nleft/1.jpg\n",
        "2": b"left/2.jpg=b\nleft/2.jpg\n",
    }
    (job,) = world.commit_and_drive("right", {"2.txt": b"new", "1.txt": None})
    assert (job.datums_total, job.datums_processed) == (2, 2)
    assert world.files("pairs") == {
        "1": b"left/1.jpg=a\nleft/1.jpg\n",
        "2": b"left/2.jpg=b\nright/2.txt=new\nleft/2.jpg\n",
    }


def test_a_group_sees_all_files_of_its_key(world) -> None:
    world.repo("left", "right")
    world.put("left", {"ann-1": b"a", "ann-2": b"b", "bob-1": b"c"})
    world.put("right", {"ann": b"d"})
    node = {"group": [part("left", "/(*)-*", group_by="$1"), part("right", "/(*)", group_by="$1")]}
    (job,) = world.pipeline("people", node, SHOW)
    assert (job.state, job.datums_total) == (JobState.SUCCESS, 2)
    assert world.files("people") == {
        "ann": b"left/ann-1=a\nleft/ann-2=b\nright/ann=d\nleft\n",
        "bob": b"left/bob-1=c\nleft/bob-1\n",
    }
    (job,) = world.commit_and_drive("left", {"bob-2": b"e"})
    assert (job.datums_processed, job.datums_skipped) == (1, 1)
    assert world.files("people")["bob"] == b"left/bob-1=c\nleft/bob-2=e\nleft\n"
