"""Spans: what is done, from when to when, and on account of what.

Where nobody collects them they cost next to nothing, and OpenTelemetry is not imported. A context
that came with a request or an event is carried on all the same, for the processes that do export.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

#: What an attribute may be.
Value = str | int | float | bool | Sequence[str]
Attributes = Mapping[str, Value]

#: Imported by a program that has set up traces of its own.
_SDK = "opentelemetry.sdk.trace"


class Kind(Enum):
    """On which side of a call between processes a span is."""

    INTERNAL = auto()
    SERVER = auto()
    CLIENT = auto()
    #: Takes up what another process has left for it.
    CONSUMER = auto()


class Span(Protocol):
    """Something that is being done."""

    def note(self, name: str, value: Value) -> None:
        """Add an attribute."""

    def rename(self, name: str) -> None:
        """Give it the name that is known by now."""

    def fail(self, reason: str) -> None:
        """It went wrong."""


@dataclass(frozen=True, slots=True)
class FinishedSpan:
    """Something that was done; times are microseconds since 1970."""

    name: str
    start_us: int
    end_us: int
    attributes: Attributes = field(default_factory=dict)
    #: Why it went wrong; empty if it did not.
    error: str = ""
    parts: Sequence[FinishedSpan] = ()


class Tracer(Protocol):
    """Whoever takes spans. Safe to share between threads."""

    def span(
        self, name: str, attributes: Attributes, kind: Kind, parent: str | None
    ) -> AbstractContextManager[Span]:
        """A span for as long as the block runs."""

    def continued(self, parent: str) -> AbstractContextManager[None]:
        """What the block does belongs to a span of another process."""

    def record(self, finished: FinishedSpan, parent: str) -> None:
        """A span that is over already."""

    def current(self) -> Span:
        """The span that this thread or task is in."""

    def traceparent(self) -> str | None:
        """The same as others are told of it, by W3C Trace Context; ``None`` outside of any."""


class _NoSpan:
    def note(self, name: str, value: Value) -> None:
        pass

    def rename(self, name: str) -> None:
        pass

    def fail(self, reason: str) -> None:
        pass


_NO_SPAN: Span = _NoSpan()
_installed: Tracer | None = None
_carried: ContextVar[str | None] = ContextVar("datavc_traceparent", default=None)


def install(tracer: Tracer | None) -> None:
    """Give all spans of this process to *tracer*; ``None`` ends that."""
    global _installed
    _installed = tracer


def is_on() -> bool:
    """Whether anybody takes spans."""
    return _tracer() is not None


def span(
    name: str,
    attributes: Attributes | None = None,
    *,
    kind: Kind = Kind.INTERNAL,
    parent: str | None = None,
) -> AbstractContextManager[Span]:
    """A span for as long as the block runs; it fails if that raises.

    Args:
        name: what is done, without what differs each time.
        attributes: what differs; never a secret.
        kind: see :class:`Kind`.
        parent: the ``traceparent`` of what it is done on account of; the span around, unless given.
    """
    tracer = _tracer()
    if tracer is None:
        return nullcontext(_NO_SPAN)
    return tracer.span(name, attributes or {}, kind, parent)


def record(finished: FinishedSpan, parent: str | None) -> None:
    """Tell of something that is over, with its parts."""
    tracer = _tracer()
    if tracer is not None and parent is not None:
        tracer.record(finished, parent)


def current() -> Span:
    """The span that this thread or task is in; one that nobody sees outside of any."""
    tracer = _tracer()
    return _NO_SPAN if tracer is None else tracer.current()


def traceparent() -> str | None:
    """What others are told, so that what they do belongs to the same trace."""
    tracer = _tracer()
    return _carried.get() if tracer is None else tracer.traceparent()


def continued(parent: str | None) -> AbstractContextManager[None]:
    """What the block does belongs to the trace of *parent*, which another process has told."""
    if parent is None:
        return nullcontext()
    tracer = _tracer()
    return _carry(parent) if tracer is None else tracer.continued(parent)


def trace_ids() -> tuple[str, str] | None:
    """Ids of the trace and the span that this thread or task is in, 32 and 16 hex digits."""
    tracer = _tracer()
    found = None if tracer is None else tracer.traceparent()
    if found is None:
        return None
    _, trace, here, _ = found.split("-")
    return trace, here


@contextmanager
def _carry(parent: str) -> Iterator[None]:
    token = _carried.set(parent)
    try:
        yield
    finally:
        _carried.reset(token)


def _tracer() -> Tracer | None:
    if _installed is None and _SDK in sys.modules:
        # A program that has traces of its own: what it does here is a part of them.
        from datavc.tracing.tracer import program_tracer

        return program_tracer()
    return _installed
