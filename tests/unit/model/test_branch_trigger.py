import pytest

from datavc.errors import InvalidInput, InvalidSpec
from datavc.model.branch_trigger import BranchTrigger
from datavc.model.input_spec import parse_input
from datavc.model.pipeline_input import PfsInput
from datavc.model.size import parse_size

HOUR = 3600 * 1_000_000


@pytest.mark.parametrize(
    ("trigger", "facts", "expected"),
    [
        (BranchTrigger("s", commits=2), (1, 0, 0, 0), False),
        (BranchTrigger("s", commits=2), (2, 0, 0, 0), True),
        (BranchTrigger("s", size=100), (9, 99, 0, 0), False),
        (BranchTrigger("s", size=100), (1, 100, 0, 0), True),
        (BranchTrigger("s", commits=2, size=100), (1, 100, 0, 0), True),
        (BranchTrigger("s", commits=2, size=100, all=True), (1, 100, 0, 0), False),
        (BranchTrigger("s", commits=2, size=100, all=True), (2, 100, 0, 0), True),
        (BranchTrigger("s", rate_limit="@every 1h"), (1, 1, 0, HOUR - 1), False),
        (BranchTrigger("s", rate_limit="@every 1h"), (1, 1, 0, HOUR), True),
        (BranchTrigger("s", commits=2, rate_limit="@hourly", all=True), (1, 1, 0, HOUR), False),
        (BranchTrigger("s", cron="@hourly"), (9, 9, 0, 9 * HOUR), False),
    ],
)
def test_when_it_fires(trigger: BranchTrigger, facts: tuple[int, ...], expected: bool) -> None:
    commits, size, moved_us, time_us = facts
    assert trigger.fires(commits=commits, size=size, moved_us=moved_us, time_us=time_us) is expected


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "needs a condition"),
        ({"all": True}, "needs a condition"),
        ({"cron": "@daily", "commits": 2}, "no other condition"),
        ({"cron": "often"}, "is no schedule"),
        ({"rate_limit": "often"}, "is no schedule"),
        ({"commits": 0}, "are 1 or more, not 0"),
        ({"size": -1}, "are 1 or more, not -1"),
    ],
)
def test_what_is_no_trigger(fields: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        BranchTrigger("s", **fields)  # type: ignore[arg-type]


def pfs(trigger: object, **fields: object) -> dict[str, object]:
    return {"pfs": {"repo": "raw", "glob": "/", "trigger": trigger, **fields}}


def test_an_input_with_a_trigger_reads_a_branch_of_its_own() -> None:
    given = {"cross": [pfs({"commits": 2}), pfs({"branch": "dev", "size": "10MB"}, name="b")]}
    first, second = parse_input(given, "input", "p").parts  # type: ignore[union-attr]
    assert isinstance(first, PfsInput)
    assert isinstance(second, PfsInput)
    assert (first.branch, first.trigger) == ("p-trigger-1", BranchTrigger("main", commits=2))
    assert (second.branch, second.trigger) == ("p-trigger-2", BranchTrigger("dev", size=10**7))


def test_an_input_may_name_the_branch_to_be_moved() -> None:
    node = parse_input(
        pfs({"branch": "staging", "all": True, "commits": "3"}, branch="main"), "i", "p"
    )
    assert isinstance(node, PfsInput)
    assert node.branch == "main"
    assert node.trigger == BranchTrigger("staging", commits=3, all=True)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (pfs({}), r"^i\.pfs\.trigger: a trigger needs a condition"),
        (pfs({"commits": 0}), r"^i\.pfs\.trigger\.commits must be a whole number"),
        (pfs({"size": "big"}), r"^i\.pfs\.trigger\.size must be a size above 0"),
        (pfs({"cron_spec": "x"}), r"^i\.pfs\.trigger: 'x' is no schedule"),
        (pfs({"commit": 1}), r"^i\.pfs\.trigger\.commit is not a field; did you mean"),
        (
            pfs({"commits": 1}, branch="main"),
            r"^i\.pfs\.trigger: branch 'main' cannot follow itself",
        ),
    ],
)
def test_what_is_wrong_is_named(node: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidSpec, match=message):
        parse_input(node, "i", "p")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1), ("10MB", 10**7), ("1Gi", 2**30), ("1.5k", 1500), ("2 KiB", 2048),
        ("0", None), ("i", None), ("5i", None), ("-1", None), ("M", None), ("1 zebra", None),
    ],
)  # fmt: skip
def test_sizes(text: str, expected: int | None) -> None:
    assert parse_size(text) == expected
