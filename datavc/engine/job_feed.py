"""Following jobs: each change of any, in turn, from wherever somebody has left off."""

from __future__ import annotations

import re

from datavc.db import job_changes
from datavc.db.job_changes import ChangePlace, JobChoice
from datavc.engine.jobs import look_at_run
from datavc.engine.logs import find_pipeline
from datavc.errors import InvalidInput
from datavc.model.job import JobInfo
from datavc.versioning.versioned_store import VersionedStore

_PLACE = re.compile(r"([0-9.-]+)(?:@([0-9a-f]{0,32}))?")
_PAGE = 100


class JobFeed:
    """Tells of jobs as they are, and then of each that has changed. For one thread.

    It begins with those that are not over, or with all of a run. A job that has changed several
    times between two calls is told once, as it is by then.

    Args:
        vs: where the jobs are.
        pipeline: only this pipeline's.
        run: only this run's.
        place: go on from there, rather than begin: see :meth:`poll`.

    Raises:
        NotFound: there is no such pipeline.
        InvalidInput: the place is malformed.
    """

    def __init__(
        self,
        vs: VersionedStore,
        *,
        pipeline: str | None = None,
        run: str | None = None,
        place: str = "",
    ) -> None:
        self._vs = vs
        self._run = run
        #: The last job that was told of those that were there; ``None`` once all of them were.
        self._told: str | None = None
        with vs.db.read() as conn:
            found = None if pipeline is None else find_pipeline(conn, pipeline)
            self._choice = JobChoice(None if found is None else found.id, run)
            if place:
                self._place, self._told = _parse(place)
            if not place or job_changes.is_to_come(conn, self._place):
                self._place, self._told = job_changes.newest(conn), ""

    @property
    def place(self) -> str:
        """Behind what :meth:`poll` has found last."""
        return _text(self._place, self._told)

    def is_over(self) -> bool:
        """Whether the run that is followed is over: what the next poll finds is the last."""
        return self._run is not None and look_at_run(self._vs, self._run)[0]

    def poll(self) -> tuple[list[tuple[str, JobInfo]], bool]:
        """Some of what has come since, each with the place behind it; whether there is more."""
        if self._told is not None:
            return self._begin(self._told)
        with self._vs.db.read() as conn:
            found, self._place = job_changes.list_changed(
                conn, self._place, self._choice, limit=_PAGE
            )
        told = [(_text(place, None), job.info) for place, job in found]
        return told, len(found) == _PAGE

    def _begin(self, after: str) -> tuple[list[tuple[str, JobInfo]], bool]:
        with self._vs.db.read() as conn:
            found, self._told = job_changes.list_as_they_are(
                conn, self._place, self._choice, after=after, limit=_PAGE
            )
        # Where there are more, some page behind this one gives the place without them.
        return [(_text(self._place, job.id), job.info) for job in found], True


def _text(place: ChangePlace, told: str | None) -> str:
    return str(place) if told is None else f"{place}@{told}"


def _parse(text: str) -> tuple[ChangePlace, str | None]:
    found = _PLACE.fullmatch(text)
    if found is None:
        raise InvalidInput(f"{text!r} is no place in the changes of jobs")
    return ChangePlace.parse(found[1]), found[2]
