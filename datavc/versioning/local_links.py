"""Reading symbolic links."""

from __future__ import annotations

import os

from datavc.errors import SourceUnreadable


def read_link(path: str) -> bytes:
    """Where a link points to, in UTF-8.

    Raises:
        SourceUnreadable: it cannot be read, or is not valid Unicode.
    """
    try:
        return os.readlink(path).encode()  # noqa: PTH115 - a Path would lose "./" and "//"
    except OSError as error:
        raise SourceUnreadable(f"{path!r} cannot be read: {error.strerror}") from None
    except UnicodeEncodeError:
        raise SourceUnreadable(f"{path!r} points to what is not valid Unicode") from None
