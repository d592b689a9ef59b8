"""What becomes of symbolic links among local files."""

from __future__ import annotations

from enum import StrEnum


class LinkHandling(StrEnum):
    """How a symbolic link is taken."""

    #: It is an error: whoever puts files says what shall become of it.
    REFUSE = "refuse"
    #: For what it points to.
    FOLLOW = "follow"
    #: As a link.
    KEEP = "keep"
