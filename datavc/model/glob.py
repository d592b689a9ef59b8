"""Glob patterns over paths in a repo: ``*``, ``**``, ``?``, ``[..]``, ``{a,b}``, ``(captures)``."""

from __future__ import annotations

import re

from datavc.errors import InvalidInput

_SPECIAL = frozenset("*?[]{}()!@+^\\")


class Glob:
    """A compiled pattern.

    ``*`` and ``?`` stop at a slash, ``**`` does not; ``{a,b}`` is either, ``[a-c]`` and ``[!a]``
    are one character; round brackets capture what they enclose; a backslash takes the next
    character as it is. A leading slash makes no difference.

    Raises:
        InvalidInput: a bracket is not closed, or the pattern is otherwise malformed.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        body = pattern.lstrip("/")
        self.is_literal = not any(character in _SPECIAL for character in body)
        #: What every match starts with.
        self.prefix = _literal_prefix(body)
        #: Whether a match may lie below a slash that the pattern does not write.
        self.is_deep = "**" in body
        try:
            self._regex = re.compile(_translate(body), re.DOTALL)
        except re.error as error:
            raise InvalidInput(
                f"{pattern!r} is not a glob pattern: {error}", hint="check its brackets"
            ) from None

    def match(self, path: str) -> tuple[str, ...] | None:
        """The captures where *path* (without a leading slash) matches as a whole, or ``None``."""
        found = self._regex.fullmatch(path)
        return None if found is None else tuple(text or "" for text in found.groups())

    @property
    def depth(self) -> int:
        """Number of path parts that the pattern writes."""
        body = self.pattern.strip("/")
        return body.count("/") + 1 if body else 0


def _literal_prefix(body: str) -> str:
    for index, character in enumerate(body):
        if character in _SPECIAL:
            return body[:index]
    return body


def _translate(body: str) -> str:
    out: list[str] = []
    braces = index = 0
    while index < len(body):
        character = body[index]
        index += 1
        if body.startswith("**/", index - 1):
            out.append("(?:.*/)?")
            index += 2
        elif character == "*":
            out.append(".*" if body.startswith("*", index) else "[^/]*")
            index += out[-1] == ".*"
        elif character == "?":
            out.append("[^/]")
        elif character == "[":
            end = _class_end(body, index)
            out.append(_character_class(body[index:end]))
            index = end + 1
        elif character == "{":
            braces += 1
            out.append("(?:")
        elif character == "}" and braces:
            braces -= 1
            out.append(")")
        elif character == "," and braces:
            out.append("|")
        elif character in "()":
            out.append(character)
        elif character == "\\" and index < len(body):
            out.append(re.escape(body[index]))
            index += 1
        else:
            out.append(re.escape(character))
    if braces:
        raise InvalidInput(f"{body!r} is not a glob pattern: a {{ is not closed")
    return "".join(out)


def _class_end(body: str, start: int) -> int:
    # A bracket right behind the opening one stands for itself.
    end = body.find("]", start + 2 if body[start : start + 1] in ("!", "^") else start + 1)
    if end < 0:
        raise InvalidInput(f"{body!r} is not a glob pattern: a [ is not closed")
    return end


def _character_class(inside: str) -> str:
    negated = inside[:1] in ("!", "^")
    members = inside[1:] if negated else inside
    escaped = re.sub(r"([\\\[\]^&~|])", r"\\\1", members)
    return f"[^/{escaped}]" if negated else f"(?!/)[{escaped}]"
