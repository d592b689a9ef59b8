"""A trigger on a branch: when its head follows that of another branch."""

from __future__ import annotations

from dataclasses import dataclass

from datavc.errors import InvalidInput
from datavc.model.cron_schedule import CronSchedule


@dataclass(frozen=True, slots=True)
class BranchTrigger:
    """When a branch moves to the head of *source*; each commit that lands there is looked at.

    Raises:
        InvalidInput: it has no condition, or ``cron`` beside others, or no valid schedule.
    """

    #: A branch of the same repo.
    source: str
    #: Commits that have landed since the branch moved last.
    commits: int | None = None
    #: Bytes of all files that differ, whether they grew or not.
    size: int | None = None
    #: A cron schedule: at most one move between two of its ticks.
    rate_limit: str = ""
    #: A cron schedule: moves at its ticks, if there is anything new.
    cron: str = ""
    #: Whether all conditions must hold; if not, one is enough.
    all: bool = False

    def __post_init__(self) -> None:
        others = self.commits is not None or self.size is not None or bool(self.rate_limit)
        if not others and not self.cron:
            raise InvalidInput(
                "a trigger needs a condition", hint="give commits, size, a rate limit or a schedule"
            )
        if others and self.cron:
            raise InvalidInput(
                "a trigger by the clock has no other condition",
                hint="limit the rate instead, to have commits or a size beside it",
            )
        for number in (self.commits, self.size):
            if number is not None and number < 1:
                raise InvalidInput(f"a trigger's commits and size are 1 or more, not {number}")
        for spec in filter(None, (self.rate_limit, self.cron)):
            CronSchedule(spec)

    def describe(self) -> str:
        """The conditions, for people."""
        held = []
        if self.commits is not None:
            held.append("1 commit" if self.commits == 1 else f"{self.commits:,} commits")
        if self.size is not None:
            held.append(f"{self.size:,} B changed")
        if self.rate_limit:
            held.append(f"once per {self.rate_limit}")
        if self.cron:
            held.append(f"at {self.cron}")
        return (" and " if self.all else " or ").join(held)

    def fires(self, *, commits: int, size: int, moved_us: int, time_us: int) -> bool:
        """Whether a commit that has landed moves the branch.

        Args:
            commits: how many have landed since the branch moved last; more than :attr:`commits`
                need not be counted.
            size: bytes of the files that differ; only looked at where there is a limit.
            moved_us: when it moved last.
            time_us: the present time.
        """
        held = []
        if self.commits is not None:
            held.append(commits >= self.commits)
        if self.size is not None:
            held.append(size >= self.size)
        if self.rate_limit:
            tick = CronSchedule(self.rate_limit).next_after(moved_us)
            held.append(tick is not None and tick <= time_us)
        return bool(held) and (all(held) if self.all else any(held))
