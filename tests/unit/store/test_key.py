import pytest

from datavc.errors import InvalidInput
from datavc.store.key import check_key, pack_key, pack_of_key


def test_pack_key_is_sharded_by_the_last_digits() -> None:
    pack = bytes(range(16))
    assert pack_key(pack) == "packs/0f/000102030405060708090a0b0c0d0e0f.pack"
    assert pack_of_key(pack_key(pack)) == pack


@pytest.mark.parametrize("key", ["packs/0f/00.pack", "other/0f/" + "0" * 32 + ".pack", "packs/x"])
def test_other_keys_name_no_pack(key: str) -> None:
    assert pack_of_key(key) is None


def test_keys_cannot_climb() -> None:
    with pytest.raises(InvalidInput):
        check_key("packs/../../etc/passwd")
    assert check_key("a-b/c_d/e.f") == "a-b/c_d/e.f"
