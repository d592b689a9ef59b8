"""Glob patterns over paths in a repo: ``*``, ``**``, ``?``, ``[..]``, ``{a,b}``, ``(captures)``."""

from __future__ import annotations

import re

from datavc.errors import InvalidInput

#: What begins a part of a pattern that does not stand for itself.
_SPECIAL = re.compile(r"[*?\[{(\\]|[@+!]\(")


class Glob:
    """A compiled pattern.

    ``*`` and ``?`` stop at a slash, ``**`` does not; ``{a,b}`` is either, ``[a-c]`` and ``[!a]``
    are one character; round brackets capture what they enclose, with ``|`` between alternatives;
    a sign in front of them says how often it comes: ``?(..)`` at most once, ``*(..)`` any number
    of times, ``+(..)`` at least once, ``@(..)`` once. A backslash takes the next character as it
    is. A leading slash makes no difference.

    Raises:
        InvalidInput: a bracket is not closed, or the pattern is otherwise malformed.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        body = pattern.lstrip("/")
        special = _SPECIAL.search(body)
        self.is_literal = special is None
        #: What every match starts with.
        self.prefix = body[: special.start()] if special else body
        translation = _Translation(body)
        #: Whether a match may lie below more slashes than the pattern writes.
        self.is_deep = translation.is_deep
        try:
            self._regex = re.compile(translation.regex(), re.DOTALL)
        except re.error as error:
            raise _malformed(pattern, str(error)) from None

    def match(self, path: str) -> tuple[str, ...] | None:
        """The captures where *path* (without a leading slash) matches as a whole, or ``None``."""
        found = self._regex.fullmatch(path)
        return None if found is None else tuple(text or "" for text in found.groups())

    @property
    def captures(self) -> range:
        """The numbers of its captures, from 1 on."""
        return range(1, self._regex.groups + 1)

    @property
    def depth(self) -> int:
        """The most parts that a matching path has, unless the pattern is deep."""
        body = self.pattern.strip("/")
        return body.count("/") + 1 if body else 0


class _Translation:
    """A pattern on its way to a regular expression."""

    def __init__(self, body: str) -> None:
        self.is_deep = False
        self._body = body
        self._out: list[str] = []
        #: The open brackets, each as the text that ends it.
        self._open: list[str] = []
        at = 0
        while at < len(body):
            at = self._token(at)

    def regex(self) -> str:
        if self._open:
            bracket = "{" if self._open[-1] == _END_OF_BRACES else "("
            raise _malformed(self._body, f"a {bracket} is not closed")
        return "".join(self._out)

    def _token(self, at: int) -> int:
        """Translate what begins at *at*, and say where the next one does."""
        body, letter = self._body, self._body[at]
        if letter in "*?+@!" and body.startswith("(", at + 1):
            return self._open_round(at + 2, letter)
        if letter == "(":
            return self._open_round(at + 1, "@")
        if letter == "*":
            return self._star(at)
        if letter == "[":
            return self._character_class(at + 1)
        if letter == "\\" and at + 1 < len(body):
            self._out.append(re.escape(body[at + 1]))
            return at + 2
        self._out.append(self._single(letter))
        return at + 1

    def _star(self, at: int) -> int:
        body = self._body
        # In `**(..)` the second star belongs to the brackets.
        if not body.startswith("**", at) or body.startswith("**(", at):
            self._out.append("[^/]*")
            return at + 1
        self.is_deep = True
        if body.startswith("**/", at):
            self._out.append("(?:.*/)?")
            return at + 3
        self._out.append(".*")
        return at + 2

    def _single(self, letter: str) -> str:
        inside = self._open[-1] if self._open else ""
        if letter == "?":
            return "[^/]"
        if letter == "{":
            self._open.append(_END_OF_BRACES)
            return "(?:"
        if inside == _END_OF_BRACES and letter in ",}":
            return "|" if letter == "," else self._open.pop()
        if inside and inside != _END_OF_BRACES and letter in "|)":
            return "|" if letter == "|" else self._open.pop()
        if letter == "/" and any(end in _REPEATED for end in self._open):
            self.is_deep = True
        return re.escape(letter)

    def _open_round(self, start: int, quantifier: str) -> int:
        if quantifier == "!":
            raise _malformed(self._body, "!(..) is not supported")
        if quantifier in "*+" and self._body.startswith("*)", start):
            # The same as the star alone, whose repetition would take exponential time.
            self._out.append("([^/]*)")
            return start + 2
        self._out.append("((?:")
        self._open.append(_ENDS[quantifier])
        return start

    def _character_class(self, start: int) -> int:
        body = self._body
        negated = body[start : start + 1] in ("!", "^")
        # A bracket right behind the opening one stands for itself.
        end = body.find("]", start + 1 + negated)
        if end < 0:
            raise _malformed(body, "a [ is not closed")
        members = re.sub(r"([\\\[\]^&~|])", r"\\\1", body[start + negated : end])
        self._out.append(f"[^/{members}]" if negated else f"(?!/)[{members}]")
        return end + 1


_END_OF_BRACES = ")"
_ENDS = {"@": "))", "?": ")?)", "*": ")*)", "+": ")+)"}
_REPEATED = (_ENDS["*"], _ENDS["+"])


def _malformed(pattern: str, reason: str) -> InvalidInput:
    return InvalidInput(f"{pattern!r} is not a glob pattern: {reason}", hint="check its brackets")
