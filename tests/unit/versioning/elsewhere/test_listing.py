from __future__ import annotations

from collections.abc import Sequence

import pytest

from datavc.errors import InvalidPath
from datavc.model.external import External, Pin
from datavc.store.bucket_object import BucketObject
from datavc.versioning.elsewhere.found_file import FoundFile
from datavc.versioning.elsewhere.listing import list_objects
from datavc.versioning.elsewhere.path_filter import PathFilter


def listed(keys: Sequence[str], exclude: Sequence[str] = ()) -> list[FoundFile]:
    objects = (BucketObject(key, 3, '"e"') for key in keys)
    return list(list_objects("bucket", objects, "p/", "into/", PathFilter((), exclude)))


def test_objects_below_a_prefix() -> None:
    (found,) = listed(["p/", "p/folder/", "p/folder/a b"])
    external = External.of("s3://bucket/p/folder/a%20b", 3, {Pin.ETAG: '"e"'})
    assert found == FoundFile("into/folder/a b", external)


@pytest.mark.parametrize("key", ["p/a//b", "p//a", "p/../a", "p/a/./b", "p/" + "x" * 300, "p/\0"])
def test_an_object_that_cannot_be_kept(key: str) -> None:
    with pytest.raises(InvalidPath, match="cannot be kept") as caught:
        listed([key, "p/fine"])
    assert "--exclude" in caught.value.hint
    assert [one.target for one in listed([key, "p/fine"], ["*", "!fine"])] == ["into/fine"]
