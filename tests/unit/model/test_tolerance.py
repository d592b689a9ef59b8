import pytest

from datavc.model.tolerance import differs_beyond


@pytest.mark.parametrize(
    ("old", "new", "tolerance"),
    [
        (b'{"auc": 0.91, "n": 10}', b'{"auc": 0.9100001, "n": 10}', 1e-6),
        (b"a,1.5\nb,2e3\n", b"a,1.5\nb,2000.0001\n", 1e-6),
        (b"loss -0.5", b"loss -.5000000001", 1e-6),
        (b"0", b"0.0000001", 1e-6),
        (b"", b"", 0.1),
        (b"no number", b"no number", 0.1),
    ],
)
def test_numbers_may_differ_a_little(old: bytes, new: bytes, tolerance: float) -> None:
    assert differs_beyond(old, new, tolerance) == ""


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b'{"auc": 0.91}', b'{"auc": 0.92}', "0.91 became 0.92"),
        (b'{"auc": 0.91}', b'{"AUC": 0.91}', "more than numbers differ"),
        (b"1 2", b"1 2 3", "more than numbers differ"),
        (b"v1", b"v2", "more than numbers differ"),
        (b"1", b"-1", "1 became -1"),
        (b"1.2.3", b"1.2.4", "more than numbers differ"),
    ],
)
def test_more_than_that_is_told(old: bytes, new: bytes, why: str) -> None:
    assert differs_beyond(old, new, 1e-3) == why
