"""When a cron input ticks: crontab lines, ``@daily`` and the like, ``@every 10m``; time zones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from datavc.errors import InvalidInput
from datavc.model.duration import parse_duration

_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_ZONE = re.compile(r"(?:CRON_TZ|TZ)=(\S+)\s+(.*)", re.DOTALL)
_FIELDS = 5
_SECOND_US = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class CronSchedule:
    """A schedule, as a spec writes it.

    A crontab line's hours are those of the time zone's clocks. Where these are put forward, a tick
    of the missing hour comes right after it; where they are put back, a tick at a fixed hour comes
    once.

    Raises:
        InvalidInput: it is no schedule, never comes true, or names no time zone.
    """

    #: ``0 4 * * 1-5``, ``@daily``, ``@every 90m``; ``CRON_TZ=Europe/Berlin`` may stand before it.
    spec: str
    #: Name of a time zone; ``""`` for what the spec says, which is UTC where it says nothing.
    time_zone: str = ""

    def __post_init__(self) -> None:
        if self.next_after(0) is None:
            raise InvalidInput(f"the schedule {self.spec!r} never comes true")

    def next_after(self, time_us: int) -> int | None:
        """The first tick after a time, both in microseconds since the epoch.

        ``@every`` counts from that time. ``None`` where there is none within some 50 years.
        """
        if self._interval_us:
            return time_us + self._interval_us
        return self._tick(time_us)

    def last_due(self, first_us: int, time_us: int) -> int:
        """The last tick that is not after *time_us*, where *first_us* is one and not after it."""
        if self._interval_us:
            return time_us - (time_us - first_us) % self._interval_us
        found = self._tick(time_us + _SECOND_US, back=True)
        return first_us if found is None or not first_us < found <= time_us else found

    def _tick(self, time_us: int, *, back: bool = False) -> int | None:
        """The first tick after a time, or the last one before it."""
        clock = (_EPOCH + timedelta(microseconds=time_us)).astimezone(self._zone)
        found = next(CronSim(self._line, clock, reverse=back), None)
        return None if found is None else round(found.timestamp()) * _SECOND_US

    @cached_property
    def _parts(self) -> tuple[str, str]:
        """The zone's name and the rest."""
        match = _ZONE.fullmatch(self.spec.strip())
        if match is None:
            return self.time_zone or "UTC", self.spec.strip()
        if self.time_zone and self.time_zone != match[1]:
            raise InvalidInput(
                f"the schedule {self.spec!r} names another time zone than {self.time_zone!r}",
                hint="name it once",
            )
        return match[1], match[2].strip()

    @cached_property
    def _zone(self) -> ZoneInfo:
        name = self._parts[0]
        try:
            return ZoneInfo(name)
        except (LookupError, ValueError, OSError):
            raise InvalidInput(
                f"{name!r} is no time zone", hint="write one such as Europe/Berlin or UTC"
            ) from None

    @cached_property
    def _interval_us(self) -> int:
        """Of ``@every``; 0 for a line of a crontab."""
        words = self._parts[1].split()
        if not words or words[0] != "@every":
            return 0
        seconds = parse_duration(words[1]) if len(words) == 2 else None
        if seconds is None or seconds < 1:
            raise self._malformed("@every needs a duration of 1s or more, such as 90m")
        return int(seconds) * _SECOND_US

    @cached_property
    def _line(self) -> str:
        text = self._parts[1]
        line = _NAMED.get(text, text)
        fields = ["*" if field == "?" else field for field in line.split()]
        if len(fields) != _FIELDS:
            raise self._malformed("it needs 5 fields: minute, hour, day, month, weekday")
        line = " ".join(fields)
        try:
            CronSim(line, _EPOCH)
        except CronSimError as error:
            raise self._malformed(str(error).replace("Bad ", "bad ")) from None
        return line

    def _malformed(self, why: str) -> InvalidInput:
        return InvalidInput(
            f"{self.spec!r} is no schedule: {why}",
            hint="write '0 4 * * *', '@daily', '@every 90m' or 'CRON_TZ=Europe/Berlin 0 4 * * *'",
        )
