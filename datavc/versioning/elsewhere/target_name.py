"""Which path a source gets: a target that ends in a slash is a folder to go into."""

from __future__ import annotations


def inside(target: str) -> str:
    """*target* as a folder to go into."""
    return target if not target or target.endswith("/") else f"{target}/"


def named(goal: str, name: str) -> str:
    """The path of a source called *name*: in the folder *goal*, or *goal* itself."""
    return f"{goal}{name}" if not goal or goal.endswith("/") else goal
