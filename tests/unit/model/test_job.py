"""Job states: which may follow which."""

from __future__ import annotations

import pytest

from datavc.model.job import TRANSITIONS, JobState


def test_every_state_has_its_transitions() -> None:
    assert set(TRANSITIONS) == set(JobState)


@pytest.mark.parametrize("state", JobState)
def test_what_is_over_leads_nowhere_unless_it_failed_and_is_restarted(state: JobState) -> None:
    after = frozenset({JobState.WAITING}) if state.is_failed else frozenset()
    assert state.is_terminal == (TRANSITIONS[state] == after)


def test_every_state_can_be_reached() -> None:
    reached = {JobState.WAITING}
    while new := {after for state in reached for after in TRANSITIONS[state]} - reached:
        reached |= new
    assert reached == set(JobState)
