from datavc.model.pipeline_input import (
    CrossInput,
    PfsInput,
    UnionInput,
    pfs_inputs,
    source_branches,
)

A = PfsInput("a", "raw", "main", "/*")
B = PfsInput("b", "raw", "main", "/")
C = PfsInput("c", "params", "dev", "/*")


def test_leaves_come_in_the_order_of_the_spec() -> None:
    assert list(pfs_inputs(CrossInput((UnionInput((A, C)), B)))) == [A, C, B]


def test_a_branch_that_is_read_twice_is_named_once() -> None:
    assert source_branches(UnionInput((A, B, C))) == (("raw", "main"), ("params", "dev"))
