from datetime import UTC, datetime

import pytest

from datavc.errors import InvalidInput
from datavc.model.cron_schedule import CronSchedule

SECOND = 1_000_000


def us(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * SECOND


def ticks(schedule: CronSchedule, start: str, count: int) -> list[str]:
    found: list[str] = []
    time_us = us(start)
    for _ in range(count):
        time_us = schedule.next_after(time_us)
        found.append(f"{datetime.fromtimestamp(time_us / SECOND, UTC):%m-%d %H:%M:%S}")
    return found


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("30 2 * * *", ["02-27 02:30:00", "02-28 02:30:00", "03-01 02:30:00"]),
        ("0 0 ? * MON", ["03-02 00:00:00", "03-09 00:00:00", "03-16 00:00:00"]),
        ("@monthly", ["03-01 00:00:00", "04-01 00:00:00", "05-01 00:00:00"]),
        ("@hourly", ["02-27 01:00:00", "02-27 02:00:00", "02-27 03:00:00"]),
        ("@every 1h30m", ["02-27 01:30:00", "02-27 03:00:00", "02-27 04:30:00"]),
        ("CRON_TZ=Asia/Tokyo 0 4 * * *", ["02-27 19:00:00", "02-28 19:00:00", "03-01 19:00:00"]),
    ],
)
def test_ticks(spec: str, expected: list[str]) -> None:
    assert ticks(CronSchedule(spec), "2026-02-27T00:00:00Z", 3) == expected


def test_a_time_zone_may_stand_beside_the_spec() -> None:
    assert ticks(CronSchedule("0 4 * * *", "Asia/Tokyo"), "2026-02-27T00:00:00Z", 1) == [
        "02-27 19:00:00"
    ]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        # 02:30 does not come on the 29th: the tick is made right after the gap.
        ("2026-03-28T12:00:00Z", ["03-29 01:00:00", "03-30 00:30:00"]),
        # 02:30 comes twice on the 25th, and ticks once.
        ("2026-10-24T12:00:00Z", ["10-25 00:30:00", "10-26 01:30:00"]),
    ],
)
def test_clocks_that_are_changed_lose_and_repeat_no_tick(start: str, expected: list[str]) -> None:
    assert ticks(CronSchedule("30 2 * * *", "Europe/Berlin"), start, 2) == expected


def test_an_hourly_tick_comes_in_both_hours_when_the_clocks_are_put_back() -> None:
    schedule = CronSchedule("0 * * * *", "Europe/Berlin")
    assert ticks(schedule, "2026-10-24T23:30:00Z", 4) == [
        "10-25 00:00:00", "10-25 01:00:00", "10-25 02:00:00", "10-25 03:00:00",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "first", "now", "expected"),
    [
        ("@hourly", "2026-01-01T01:00:00Z", "2026-01-03T05:59:59Z", "2026-01-03T05:00:00Z"),
        ("@hourly", "2026-01-01T01:00:00Z", "2026-01-01T01:00:00Z", "2026-01-01T01:00:00Z"),
        ("@every 7m", "2026-01-01T00:07:00Z", "2026-01-01T01:00:00Z", "2026-01-01T00:56:00Z"),
        ("0 4 1 1 *", "2026-01-01T04:00:00Z", "2030-06-01T00:00:00Z", "2030-01-01T04:00:00Z"),
    ],
)
def test_the_last_tick_that_is_due(spec: str, first: str, now: str, expected: str) -> None:
    assert CronSchedule(spec).last_due(us(first), us(now)) == us(expected)


@pytest.mark.parametrize(
    ("spec", "zone", "message"),
    [
        ("", "", "5 fields"),
        ("* * * *", "", "5 fields"),
        ("* * * * * *", "", "5 fields"),
        ("61 * * * *", "", "bad minute"),
        ("0 0 30 2 *", "", "bad day-of-month"),
        ("@often", "", "5 fields"),
        ("@every", "", "a duration of 1s or more"),
        ("@every 10", "", "a duration of 1s or more"),
        ("@every 10ms", "", "a duration of 1s or more"),
        ("@daily", "Europe/Nowhere", "'Europe/Nowhere' is no time zone"),
        ("@daily", "../etc/passwd", "is no time zone"),
        ("TZ=UTC @daily", "Europe/Berlin", "another time zone"),
    ],
)
def test_what_is_no_schedule(spec: str, zone: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        CronSchedule(spec, zone)
