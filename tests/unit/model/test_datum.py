from dataclasses import replace

import pytest

from datavc.model.commit import TreeRef
from datavc.model.datum import Datum, datum_files, plan_datums
from datavc.model.entry import ChunkRef, Entry, EntryKind, Location
from datavc.model.ids import digest_of
from datavc.model.pipeline_input import (
    CrossInput,
    GroupInput,
    JoinInput,
    PfsInput,
    PipelineInput,
    UnionInput,
)
from datavc.model.tree.apply import apply_changes
from datavc.model.tree.empty import EMPTY_TREE
from datavc.model.tree.node import Node, decode_node

MAIN = ("raw", "main")


class Nodes:
    """Nodes in memory."""

    def __init__(self) -> None:
        self._payloads: dict[bytes, bytes] = {}

    def save(self, digest: bytes, payload: bytes) -> Location:
        self._payloads[digest] = payload
        return Location(bytes(16), 0, len(payload))

    def load(self, digest: bytes, location: Location) -> Node:
        return decode_node(self._payloads[digest], digest)

    def save_change_set(self, digest: bytes, payload: bytes) -> Location:
        raise NotImplementedError

    def load_change_set(self, digest: bytes, location: Location) -> bytes:
        raise NotImplementedError


@pytest.fixture
def nodes() -> Nodes:
    return Nodes()


def entry(text: str, executable: bool = False) -> Entry:
    digest = digest_of(text.encode())
    ref = ChunkRef(digest, len(text), Location(bytes(16), 0, 9))
    return Entry(len(text), digest, (ref,), executable=executable)


def tree(nodes: Nodes, **files: str) -> TreeRef:
    changes = sorted((path.replace("__", "/"), entry(text)) for path, text in files.items())
    return apply_changes(EMPTY_TREE, changes, nodes, nodes)


def plan(nodes: Nodes, node: PipelineInput, at: TreeRef, **options: str) -> list[Datum]:
    code = options.pop("code", "c")
    return list(plan_datums(node, {MAIN: at}, nodes, code, **options))


def pfs(glob: str, name: str = "in") -> PfsInput:
    return PfsInput(name, *MAIN, glob)


@pytest.mark.parametrize(
    ("glob", "labels"),
    [
        ("/", ["in:/"]),
        ("/*", ["in:/a", "in:/d/", "in:/e/"]),
        ("/d/*", ["in:/d/x", "in:/d/y"]),
        ("/*/*", ["in:/d/x", "in:/d/y", "in:/e/x"]),
        ("/**", ["in:/a", "in:/d/x", "in:/d/y", "in:/e/x"]),
        ("/{a,e}", ["in:/a", "in:/e/"]),
        ("/none*", []),
    ],
)
def test_a_glob_cuts_the_tree(nodes: Nodes, glob: str, labels: list[str]) -> None:
    at = tree(nodes, a="1", d__x="2", d__y="3", e__x="4")
    assert [datum.labels for datum in plan(nodes, pfs(glob), at)] == [(one,) for one in labels]


def test_an_empty_repo_has_no_datums(nodes: Nodes) -> None:
    assert plan(nodes, pfs("/"), EMPTY_TREE) == []


def test_the_files_of_a_datum_are_those_of_its_folder(nodes: Nodes) -> None:
    at = tree(nodes, a="1", d__x="2", d__y="3", dd="4")
    for glob, names in (("/d", ["d/x", "d/y"]), ("/", ["a", "d/x", "d/y", "dd"]), ("/a", ["a"])):
        (datum,) = plan(nodes, pfs(glob), at)
        assert [path for path, _ in datum_files(datum.inputs[0], at, nodes)] == names


@pytest.mark.parametrize("glob", ["/", "/d"])
@pytest.mark.parametrize(
    "after",
    [
        {"d__x": "2", "d__z": "3"},  # renamed
        {"d__x": "3", "d__y": "2"},  # swapped
        {"d__x": "2"},  # removed
        {"d__x": "2", "d__y": "4"},  # changed
        {"d__x": "2", "d__y": "3", "d__z": ""},  # added
        {"d__x__y": "2", "d__y": "3"},  # moved into a folder
    ],
)
def test_whatever_happens_in_a_folder_changes_its_key(
    nodes: Nodes, glob: str, after: dict[str, str]
) -> None:
    (old,) = plan(nodes, pfs(glob), tree(nodes, d__x="2", d__y="3"))
    (new,) = plan(nodes, pfs(glob), tree(nodes, **after))
    assert old.key != new.key


def test_an_executable_bit_changes_the_key(nodes: Nodes) -> None:
    plain, marked = (
        apply_changes(EMPTY_TREE, [("a", entry("1", executable))], nodes, nodes)
        for executable in (False, True)
    )
    for glob in ("/", "/a"):
        assert plan(nodes, pfs(glob), plain)[0].key != plan(nodes, pfs(glob), marked)[0].key


def test_a_link_is_not_the_file_of_its_words(nodes: Nodes) -> None:
    trees = [
        apply_changes(EMPTY_TREE, [("a", replace(entry("1"), kind=kind))], nodes, nodes)
        for kind in (EntryKind.FILE, EntryKind.SYMLINK)
    ]
    first, second = (plan(nodes, pfs("/*"), at) for at in trees)
    assert first[0].key != second[0].key


def test_what_a_datum_does_not_see_leaves_its_key_alone(nodes: Nodes) -> None:
    before, _ = plan(nodes, pfs("/*"), tree(nodes, a="1", b="2"))
    after, *_ = plan(nodes, pfs("/*"), tree(nodes, a="1", b="3", c="4"))
    assert before.key == after.key


def test_where_bytes_lie_is_no_part_of_a_key(nodes: Nodes) -> None:
    moved = replace(entry("1"), refs=(ChunkRef(digest_of(b"1"), 1, Location(b"p" * 16, 7, 9)),))
    other = apply_changes(EMPTY_TREE, [("a", moved)], nodes, nodes)
    for glob in ("/", "/a"):
        assert (
            plan(nodes, pfs(glob), tree(nodes, a="1"))[0].key
            == plan(nodes, pfs(glob), other)[0].key
        )


def test_code_salt_and_names_change_the_key(nodes: Nodes) -> None:
    at = tree(nodes, a="1")
    node = pfs("/a")
    keys = {
        plan(nodes, node, at)[0].key,
        plan(nodes, node, at, code="d")[0].key,
        plan(nodes, node, at, salt="s")[0].key,
        plan(nodes, replace(node, name="other"), at)[0].key,
        plan(nodes, replace(node, empty_files=True), at)[0].key,
        next(plan_datums(replace(node, branch="dev"), {("raw", "dev"): at}, nodes, "c")).key,
        next(plan_datums(replace(node, repo="r"), {("r", "main"): at}, nodes, "c")).key,
    }
    assert len(keys) == 7


def test_cross_and_union_combine(nodes: Nodes) -> None:
    at = tree(nodes, a="1", b="2")
    x, y = pfs("/*", "x"), pfs("/*", "y")
    crossed = plan(nodes, CrossInput((x, UnionInput((y, pfs("/a", "z"))))), at)
    assert [datum.labels for datum in crossed] == [
        ("x:/a", "y:/a"), ("x:/a", "y:/b"), ("x:/a", "z:/a"),
        ("x:/b", "y:/a"), ("x:/b", "y:/b"), ("x:/b", "z:/a"),
    ]  # fmt: skip
    assert len({datum.key for datum in crossed}) == 6
    united = plan(nodes, UnionInput((x, y)), at)
    assert [datum.labels for datum in united] == [("x:/a",), ("x:/b",), ("y:/a",), ("y:/b",)]


def keyed(name: str, glob: str, **keys: object) -> PfsInput:
    return PfsInput(name, *MAIN, glob, **keys)  # type: ignore[arg-type]


def labels(nodes: Nodes, node: PipelineInput, at: TreeRef) -> list[tuple[str, ...]]:
    return [datum.labels for datum in plan(nodes, node, at)]


def test_a_join_combines_what_has_the_same_key(nodes: Nodes) -> None:
    at = tree(
        nodes, photo__1="a", photo__2="b", photo__3="c", text__1="d", text__2="e", text__9="f"
    )
    photos = keyed("photos", "/photo/(*)", join_on="$1")
    texts = keyed("texts", "/text/(*)", join_on="$1")
    assert labels(nodes, JoinInput((photos, texts)), at) == [
        ("photos:/photo/1", "texts:/text/1"),
        ("photos:/photo/2", "texts:/text/2"),
    ]


def test_an_outer_join_keeps_what_has_no_partner(nodes: Nodes) -> None:
    at = tree(nodes, photo__1="a", photo__3="c", text__1="d", text__9="f")
    photos = keyed("photos", "/photo/(*)", join_on="$1", outer_join=True)
    texts = keyed("texts", "/text/(*)", join_on="$1")
    assert labels(nodes, JoinInput((photos, texts)), at) == [
        ("photos:/photo/1", "texts:/text/1"),
        ("photos:/photo/3",),
    ]
    both = JoinInput((photos, replace(texts, outer_join=True)))
    assert labels(nodes, both, at)[1:] == [("photos:/photo/3",), ("texts:/text/9",)]


def test_a_key_that_several_files_have_gives_all_pairs(nodes: Nodes) -> None:
    at = tree(nodes, a__1x="1", a__1y="2", b__1="3", b__2="4")
    left = keyed("a", "/a/(?)*", join_on="$1")
    right = keyed("b", "/b/(*)", join_on="$1")
    assert labels(nodes, JoinInput((left, right)), at) == [
        ("a:/a/1x", "b:/b/1"),
        ("a:/a/1y", "b:/b/1"),
    ]


def test_joins_of_three_nested_or_not_are_alike(nodes: Nodes) -> None:
    at = tree(nodes, a__1="1", b__1="2", c__1="3", a__2="4", b__2="5")
    a, b, c = (keyed(name, f"/{name}/(*)", join_on="$1") for name in "abc")
    expected = [("a:/a/1", "b:/b/1", "c:/c/1")]
    assert labels(nodes, JoinInput((a, b, c)), at) == expected
    assert labels(nodes, JoinInput((JoinInput((a, b)), c)), at) == expected


def test_a_group_is_one_datum_for_each_key(nodes: Nodes) -> None:
    at = tree(nodes, x__1_a="1", x__1_b="2", x__2_a="3", y__2="4", y__3="5")
    xs = keyed("xs", "/x/(?)*", group_by="$1")
    ys = keyed("ys", "/y/(*)", group_by="$1")
    assert labels(nodes, GroupInput((xs, ys)), at) == [
        ("xs:/x/1_a", "xs:/x/1_b"),
        ("xs:/x/2_a", "ys:/y/2"),
        ("ys:/y/3",),
    ]


def test_a_group_of_a_join(nodes: Nodes) -> None:
    at = tree(nodes, a__1_p="1", a__2_p="2", a__3_q="3", b__1="4", b__2="5", b__3="6")
    a = keyed("a", "/a/(?)_(?)", join_on="$1", group_by="$2")
    b = keyed("b", "/b/(*)", join_on="$1")
    assert labels(nodes, GroupInput((JoinInput((a, b)),)), at) == [
        ("a:/a/1_p", "b:/b/1", "a:/a/2_p", "b:/b/2"),
        ("a:/a/3_q", "b:/b/3"),
    ]


def test_what_a_transform_is_told_to_join_by_counts_in_the_key(nodes: Nodes) -> None:
    at = tree(nodes, a_1="x", b_1="y")
    by_number = keyed("a", "/(a)_(*)", join_on="$2")
    by_letter = keyed("a", "/(a)_(*)", join_on="${1}")
    assert plan(nodes, by_number, at)[0].key != plan(nodes, by_letter, at)[0].key
    assert plan(nodes, by_number, at)[0].inputs[0].join_on == "1"
    assert plan(nodes, by_letter, at)[0].inputs[0].join_on == "a"


def test_a_change_in_a_group_changes_its_own_key_alone(nodes: Nodes) -> None:
    before = tree(nodes, g1__a="1", g1__b="2", g2__a="3")
    after = tree(nodes, g1__a="1", g1__b="X", g2__a="3")
    node = GroupInput((keyed("in", "/(*)/*", group_by="$1"),))
    first, second = plan(nodes, node, before), plan(nodes, node, after)
    assert first[0].key != second[0].key
    assert first[1].key == second[1].key
