"""Job states: which may follow which."""

from __future__ import annotations

import pytest

from datavc.model.job import TRANSITIONS, JobState


def test_every_state_has_its_transitions() -> None:
    assert set(TRANSITIONS) == set(JobState)


@pytest.mark.parametrize("state", JobState)
def test_terminal_states_lead_nowhere_and_no_other_does(state: JobState) -> None:
    assert state.is_terminal == (not TRANSITIONS[state])


def test_every_state_can_be_reached() -> None:
    reached = {JobState.WAITING}
    while new := {after for state in reached for after in TRANSITIONS[state]} - reached:
        reached |= new
    assert reached == set(JobState)
