"""The tree without files."""

from __future__ import annotations

from datavc.model.commit import TreeRef
from datavc.model.tree.node import encode_leaf

#: The empty tree. It is not stored anywhere; its digest is that of a leaf without entries.
EMPTY_TREE = TreeRef(encode_leaf([]).digest, None, 0, 0)
