from __future__ import annotations

from datavc_server.token_bucket import Refusal, TokenBuckets


def test_a_minute_of_requests_at_once_and_then_an_even_pace() -> None:
    now = [100.0]
    buckets = TokenBuckets(lambda: now[0])
    assert [buckets.take("ada", 3) for _ in range(3)] == [None] * 3
    assert buckets.take("ada", 3) == Refusal(20, is_first=True)
    assert buckets.take("ada", 3) == Refusal(20, is_first=False)
    assert buckets.take("bob", 3) is None
    now[0] += 19.5
    assert buckets.take("ada", 3) == Refusal(1, is_first=False)
    now[0] += 0.5
    assert buckets.take("ada", 3) is None
    assert buckets.take("ada", 3) == Refusal(20, is_first=True)
    now[0] += 3600
    assert [buckets.take("ada", 3) for _ in range(4)] == [None] * 3 + [Refusal(20, is_first=True)]
