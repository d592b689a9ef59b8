from __future__ import annotations

from datavc_server.webhook_sender import Retries


def test_pauses_grow_up_to_a_limit_and_end() -> None:
    pauses = [Retries().pause(number) for number in range(1, 12)]
    assert pauses == [5, 15, 45, 135, 405, 1215, 3645, 10935, 21600, 21600, None]
