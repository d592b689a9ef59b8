"""Which lines of which logs are asked for."""

from __future__ import annotations

from dataclasses import dataclass

from datavc.errors import InvalidInput
from datavc.model.job import LogLine
from datavc.model.moment import parse_moment


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Lines that meet all that is set, of one job or of all jobs of a pipeline.

    Raises:
        InvalidInput: neither or both of job and pipeline are given, a datum without a job, or a
            tail of less than 0 lines.
    """

    #: Id of a job, or its unique prefix.
    job: str | None = None
    pipeline: str | None = None
    #: Only of this datum: its id or a unique prefix.
    datum: str | None = None
    #: Only lines from this time on, as :func:`datavc.model.moment.parse_moment` reads it.
    since: str = ""
    #: Only lines with this text in them, whatever the case.
    text: str = ""
    #: Only the last lines, so many.
    tail: int | None = None

    def __post_init__(self) -> None:
        if (self.job is None) is (self.pipeline is None):
            raise InvalidInput("give either a job or a pipeline", hint="see `datavc job list`")
        if self.datum is not None and self.job is None:
            raise InvalidInput("a datum belongs to a job", hint="give the job, too")
        if self.tail is not None and self.tail < 0:
            raise InvalidInput("the last lines must be 0 or more")

    def chooser(self, now_us: int) -> LineChooser:
        """What decides about single lines, with *since* counted from *now_us*."""
        since = parse_moment(self.since, now_us) if self.since else 0
        return LineChooser(since, self.text.casefold())


@dataclass(frozen=True, slots=True)
class LineChooser:
    """Decides which lines are asked for."""

    since_us: int
    #: Case-folded.
    text: str

    def wants(self, line: LogLine) -> bool:
        """Whether *line* is one of them."""
        return line.time_us >= self.since_us and self.text in line.text.casefold()
