import random

import pytest

from datavc.errors import DataCorrupt
from datavc.store.compression import PATIENCE, SAMPLE_EVERY, Codec, Compressor, decompress

NOISE = random.Random(1).randbytes(200_000)
TEXT = b"station,temperature,humidity\n" * 5000


def test_text_shrinks_and_comes_back() -> None:
    codec, packed = Compressor().shrink(TEXT)
    assert codec == Codec.ZSTD
    assert len(packed) < len(TEXT) // 10
    assert decompress(packed, len(TEXT), "here") == TEXT


@pytest.mark.parametrize("data", [b"", b"a" * 100, NOISE, NOISE[:4096]])
def test_what_does_not_shrink_is_kept_as_it_is(data: bytes) -> None:
    codec, kept = Compressor().shrink(data)
    assert codec == Codec.RAW
    assert kept is data


def test_a_run_of_noise_is_only_sampled_and_text_ends_it() -> None:
    compressor = Compressor()
    for _ in range(PATIENCE):
        compressor.shrink(NOISE[:4096])
    codecs = [compressor.shrink(TEXT)[0] for _ in range(SAMPLE_EVERY + 1)]
    assert Codec.RAW in codecs
    assert codecs[-1] == Codec.ZSTD
    assert codecs == sorted(codecs)


@pytest.mark.parametrize("spoil", [b"", b"not a frame at all"])
def test_damaged_frame(spoil: bytes) -> None:
    with pytest.raises(DataCorrupt, match="over there"):
        decompress(spoil, 10, "over there")


def test_truncated_frame() -> None:
    packed = bytes(Compressor().shrink(TEXT)[1])
    with pytest.raises(DataCorrupt):
        decompress(packed[:-5], len(TEXT), "here")


def test_frame_that_claims_another_size() -> None:
    packed = bytes(Compressor().shrink(TEXT)[1])
    with pytest.raises(DataCorrupt, match="wrong size"):
        decompress(packed, len(TEXT) - 1, "here")
