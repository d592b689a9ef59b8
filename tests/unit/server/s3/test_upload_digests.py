"""Digests of uploads that come in parts: in any order, within bounds, and never of other bytes."""

from __future__ import annotations

from blake3 import blake3

from datavc_server.s3.upload_digests import KeptSource, UploadDigests

PARTS = [b"one", b"two", b"three", b"four"]
NUMBERED = [(number, blake3(part).digest()) for number, part in enumerate(PARTS, 1)]


class Whole:
    """A source that gives all it has at once."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def fill(self, view: memoryview) -> int:
        count = min(len(view), len(self._content))
        view[:count] = self._content[:count]
        self._content = self._content[count:]
        return count


def bring(digests: UploadDigests, number: int, content: bytes, upload: str = "u") -> bool:
    buffer = digests.reserve(upload, len(content))
    if buffer is None:
        return False
    source = KeptSource(Whole(content), buffer)
    while source.fill(memoryview(bytearray(2))):
        pass
    assert bytes(buffer) == content
    digests.add(upload, number, blake3(content).digest(), buffer)
    return True


def test_parts_in_any_order_are_taken_in() -> None:
    digests = UploadDigests()
    for number in (3, 1, 4, 2):
        assert bring(digests, number, PARTS[number - 1])
    whole, count = digests.take("u", NUMBERED)
    assert (whole.digest(), count) == (blake3(b"".join(PARTS)).digest(), 4)
    assert digests.take("u", NUMBERED)[1] == 0, "it is forgotten"


def test_what_is_behind_a_gap_is_left_to_be_read() -> None:
    digests = UploadDigests()
    for number in (1, 2, 4):
        bring(digests, number, PARTS[number - 1])
    whole, count = digests.take("u", NUMBERED)
    assert (whole.digest(), count) == (blake3(b"onetwo").digest(), 2)


def test_parts_that_are_left_out_or_are_others_by_now() -> None:
    digests = UploadDigests()
    for number in (1, 2):
        bring(digests, number, PARTS[number - 1])
    assert digests.take("u", NUMBERED[1:])[1] == 0
    for number in (1, 2):
        bring(digests, number, PARTS[number - 1])
    bring(digests, 2, b"other")
    other = [NUMBERED[0], (2, blake3(b"other").digest())]
    assert digests.take("u", other)[1] == 0


def test_memory_is_bounded_and_given_back() -> None:
    digests = UploadDigests(room=8)
    assert bring(digests, 2, b"12345678")
    assert not bring(digests, 3, b"9"), "part 2 waits for part 1"
    assert not bring(digests, 1, b"1"), "an upload that was given up is not taken up again"
    assert bring(digests, 1, b"12345678", "other")
    buffer = digests.reserve("third", 8)
    assert buffer is not None
    assert digests.reserve("third", 1) is None
    digests.give_back(buffer)
    digests.forget("third")
    assert bring(digests, 1, b"12345678", "third")


def test_whoever_was_not_heard_of_for_the_longest_time_makes_room() -> None:
    digests = UploadDigests(room=10)
    assert bring(digests, 2, b"12345678", "left")
    assert bring(digests, 1, b"abcd", "new")
    assert digests.take("new", [(1, blake3(b"abcd").digest())])[1] == 1
