from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from datavc.model.external import External, Pin
from datavc.versioning.elsewhere.found_file import FoundFile, in_order


def found(path: str, number: int) -> FoundFile:
    external = External.of(f"s3://bucket/{number}", number, {Pin.ETAG: '"e" ü'})
    return FoundFile(path, external)


@given(st.lists(st.text(max_size=200), max_size=60), st.integers(1, 20))
def test_any_order_becomes_that_of_paths(paths: list[str], run_length: int) -> None:
    files = [found(path, number) for number, path in enumerate(paths)]
    done = list(in_order(iter(files), run_length))
    assert [one.target for one in done] == sorted(paths)
    assert sorted(one.external.size for one in done) == list(range(len(paths)))


def test_long_runs_are_read_in_blocks() -> None:
    files = [found(f"{number:04}" + "x" * 500, number) for number in range(1000)]
    assert list(in_order(reversed(files), 300)) == files


def test_it_may_be_left_early() -> None:
    files = in_order((found(str(number), number) for number in range(100)), 10)
    assert next(files).target == "0"
    files.close()  # type: ignore[attr-defined]
