"""Where nodes end: a rule on keys alone, so that equal content always has an equal tree."""

from __future__ import annotations

from dataclasses import dataclass

from xxhash import xxh3_64_intdigest


@dataclass(frozen=True, slots=True)
class TreeShape:
    """The rule that cuts a sorted sequence of keys into nodes.

    A node ends behind a key whose hash falls on a multiple of ``target``; so a node's end does not
    depend on its neighbours. Whatever the keys, it also ends once it holds ``max_items`` items or
    ``max_characters`` characters of keys. An inner node has two children at least, but for the
    last one of its level, so every level is smaller than the one below. All counts start anew
    behind every end: the rule has no memory, and an edit's effect stops at the next end that the
    old and the new tree share.
    """

    #: Mean number of items in a node.
    target: int = 128
    max_items: int = 1024
    max_characters: int = 128 * 1024

    def ends_node(self, level: int, key: str, items: int, size: int) -> bool:
        """Whether a node of *level* (leaves are 0) ends behind *key*.

        Args:
            level: the node's level.
            key: the path of its last entry, or the first path of its last child.
            items: entries or children in it.
            size: sum of the lengths of their keys, in characters.
        """
        if level and items < 2:
            return False
        return (
            items >= self.max_items
            or size >= self.max_characters
            or xxh3_64_intdigest(key.encode(), seed=level) % self.target == 0
        )


#: The shape of every stored tree: part of the format.
STANDARD_SHAPE = TreeShape()
