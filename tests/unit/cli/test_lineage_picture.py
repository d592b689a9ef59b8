from __future__ import annotations

from xml.etree import ElementTree

from datavc.model.commit_info import CommitInfo, Lineage, LineageEdge
from datavc_cli.lineage_picture import draw_picture

SVG = "{http://www.w3.org/2000/svg}"


def commit(identifier: str, repo: str, pipeline: str | None = None) -> CommitInfo:
    message = f"{pipeline}: job 77" if pipeline else 'a <"first"> & one\nmore'
    return CommitInfo(
        identifier * 8, repo, (), "ada", message, 0, 1, 1, "t", "r", pipeline=pipeline
    )


def graph(*edges: tuple[str, str]) -> Lineage:
    commits = (commit("d", "model", "train@2"), commit("b", "clean", "clean@1"), commit("a", "raw"))
    return Lineage(
        "d" * 8,
        "upstream",
        commits,
        tuple(LineageEdge(upstream=up * 8, downstream=down * 8) for up, down in edges),
    )


def boxes(text: str) -> dict[str, tuple[float, float]]:
    found = {}
    for group in ElementTree.fromstring(text).iter(f"{SVG}g"):
        rect, title = group.find(f"{SVG}rect"), group.find(f"{SVG}text")
        assert rect is not None
        assert title is not None
        assert title.text is not None
        found[title.text.partition("@")[0]] = (float(rect.attrib["x"]), float(rect.attrib["y"]))
    return found


def test_what_was_made_stands_to_the_right_of_what_it_was_made_from() -> None:
    text = draw_picture(graph(("a", "b"), ("b", "d"), ("a", "d")))
    at = boxes(text)
    assert at["raw"][0] < at["clean"][0] < at["model"][0]
    arrows = ElementTree.fromstring(text).findall(f"{SVG}path")
    assert len(arrows) == 3


def test_texts_are_escaped_and_name_version_and_job() -> None:
    text = draw_picture(graph(("a", "b"), ("b", "d")))
    texts = [each.text for each in ElementTree.fromstring(text).iter(f"{SVG}text")]
    assert 'a <"first"> & one' in texts
    assert "pipeline train@2" in texts
    assert "job 77" in texts


def test_no_two_boxes_stand_in_one_place() -> None:
    text = draw_picture(graph(("a", "d"), ("b", "d"), ("x", "d"), ("y", "d")))
    at = boxes(text)
    assert len(set(at.values())) == len(at) == 5
    assert "its repo was deleted" in text


def test_a_commit_that_was_made_from_nothing_is_one_box() -> None:
    alone = Lineage("a" * 8, "downstream", (commit("a", "raw"),), ())
    assert list(boxes(draw_picture(alone))) == ["raw"]
