"""The keys of a repo in their order: those of every branch, or of one other ref.

A branch such as ``team/x`` lies among the keys of a branch ``team``. There the longer name counts,
so the keys are those of spans, one after another, each of one ref.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass

from datavc.db import branches, tags
from datavc.model.entry import Entry
from datavc.model.tree.cursor import Cursor
from datavc_server.s3.address import Address, View, open_view, refs_in, repo_row
from datavc_server.s3.error import S3Error
from datavc_server.s3.gateway import Gateway


@dataclass(frozen=True, slots=True)
class Span:
    """Keys ``[start, stop)`` of one ref."""

    address: Address
    start: str
    #: ``None`` where there is no end.
    stop: str | None

    @property
    def root(self) -> str:
        """What the ref's keys start with."""
        return self.address.root

    def ends_before(self, key: str) -> bool:
        """Whether *key* is behind all of them."""
        return self.stop is not None and self.stop <= key


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A key and what it stands for."""

    key: str
    entry: Entry
    time_us: int


class KeyWalk:
    """Steps from key to key, forwards. Reads only what it steps on.

    Raises:
        S3Error: there is no such repo.
    """

    def __init__(self, gateway: Gateway, repo: str, prefix: str) -> None:
        self._gateway = gateway
        self._spans = _spans(gateway, repo, prefix)
        self._at = 0
        self._open: dict[str, tuple[View, Cursor]] = {}

    def branch_from(self, key: str) -> str | None:
        """The branch, with its slash, whose first key may be the next one from *key* on."""
        self._pass(key)
        if self._at == len(self._spans):
            return None
        span = self._spans[self._at]
        return span.root if span.root and key <= span.start == span.root else None

    def seek(self, key: str) -> KeyEntry | None:
        """The first key that is not below *key*."""
        self._pass(key)
        while self._at < len(self._spans):
            span = self._spans[self._at]
            view, cursor = self._view(span)
            path = cursor.seek(max(key, span.start)[len(span.root) :])
            if path is not None and not span.ends_before(span.root + path):
                return KeyEntry(span.root + path, cursor.entry(), view.time_us)
            self._at += 1
        return None

    def _pass(self, key: str) -> None:
        while self._at < len(self._spans) and self._spans[self._at].ends_before(key):
            self._at += 1

    def _view(self, span: Span) -> tuple[View, Cursor]:
        ref = span.address.ref
        if ref not in self._open:
            view = open_view(self._gateway, span.address)
            self._open[ref] = view, Cursor(view.tree, view.source)
        return self._open[ref]


def behind(prefix: str) -> str | None:
    """The first text behind all that start with *prefix*; ``None`` where there is none."""
    while prefix:
        following = ord(prefix[-1]) + 1
        if following == 0xD800:
            following = 0xE000
        if following <= 0x10FFFF:
            return prefix[:-1] + chr(following)
        prefix = prefix[:-1]
    return None


def _spans(gateway: Gateway, repo: str, prefix: str) -> list[Span]:
    if gateway.job is not None:
        return [Span(gateway.job.address(repo, ""), "", None)]
    names = list(refs_in(prefix))
    with gateway.vs.db.read() as conn:
        row = repo_row(conn, repo)
        above = branches.names_among(conn, row.id, names)
        below = branches.names_from(conn, row.id, prefix)
        tagged = tags.names_among(conn, row.id, names) if not above else set()
    if above or not names:
        return list(cut_spans(repo, {*above, *below}))
    ref = max(tagged, key=len) if tagged else names[-1]
    address = Address(repo, ref, "", is_branch=False)
    try:
        open_view(gateway, address)
    except S3Error:
        return list(cut_spans(repo, below))
    return [Span(address, f"{ref}/", f"{ref}0")]


def cut_spans(repo: str, names: Iterable[str]) -> Generator[Span]:
    """The spans of branches, in order."""
    roots = sorted(f"{name}/" for name in names)
    at = 0
    while at < len(roots):
        at = yield from _cut(repo, roots, at)


def _cut(repo: str, roots: list[str], at: int) -> Generator[Span, None, int]:
    root = start = roots[at]
    address = Address(repo, root[:-1], "", is_branch=True)
    at += 1
    while at < len(roots) and roots[at].startswith(root):
        inner = roots[at]
        yield Span(address, start, inner)
        at = yield from _cut(repo, roots, at)
        start = f"{inner[:-1]}0"
    yield Span(address, start, f"{root[:-1]}0")
    return at
