"""History-independent Merkle trees over sorted paths: pure functions over loaded nodes.

Nodes cover ranges of paths. Where one ends depends on the paths alone, so a tree is the same
whatever sequence of changes led to it, and an edit rewrites only the nodes on its way to the root.
The byte layout is in ``docs/format/tree.md``.
"""
