"""Reading files by their descriptions, with all rights and with few."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from datavc.errors import AccessDenied, SourceChanged
from datavc.model.external import External, Pin
from datavc.store.external import local_file
from datavc.store.external.known_digests import KnownDigests
from datavc.store.external.problem import named
from datavc.store.external.source_access import SourceAccess
from datavc.versioning.elsewhere.listing import describe_file
from tests.services.web_server import Page, Web


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "root" / "file"
    path.parent.mkdir()
    path.write_bytes(b"0123456789")
    return path


def read(access: SourceAccess, external: External, *span: int) -> bytes:
    return b"".join(access.read(external, *span))


def test_ranges(file: Path) -> None:
    external, access = describe_file(str(file)), SourceAccess()
    assert read(access, external) == b"0123456789"
    assert read(access, external, 3, 4) == b"3456"
    assert read(access, external, 8, 100) == b"89"
    assert read(access, external, 10, 5) == b""
    assert read(access, external, 4) == b"456789"
    access.check(external)


def test_nothing_is_read_that_was_not_opened(file: Path, tmp_path: Path) -> None:
    external = describe_file(str(file))
    for prefixes in ([], [f"file://{tmp_path}/other"], ["s3://bucket"], [f"file://{file}2"]):
        access = SourceAccess(prefixes)
        assert not access.may_read(external.uri)
        with pytest.raises(AccessDenied, match="does not read"):
            read(access, external)
        with pytest.raises(AccessDenied):
            access.check(external)
    assert read(SourceAccess([f"file://{tmp_path}/root"]), external) == b"0123456789"


def test_a_link_that_is_put_in_the_way(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever happens between the look at a path and its opening, only what was opened is read."""
    secret = tmp_path / "secret" / "file"
    secret.parent.mkdir()
    secret.write_bytes(b"9876543210")
    status = file.stat()
    os.utime(secret, ns=(status.st_atime_ns, status.st_mtime_ns))
    external = describe_file(str(file))
    access = SourceAccess([f"file://{file.parent}"])
    real = os.path.realpath

    def swap_folder(path: str) -> str:
        found = real(path)
        if path == str(file) and not file.parent.is_symlink():
            file.parent.rename(tmp_path / "away")
            file.parent.symlink_to(secret.parent)
        return found

    monkeypatch.setattr(access, "may_read", lambda uri: True)
    monkeypatch.setattr(local_file.os.path, "realpath", swap_folder)  # type: ignore[attr-defined]
    with pytest.raises(AccessDenied):
        read(access, external)


def test_pipes_and_folders_are_no_files(file: Path) -> None:
    external = describe_file(str(file))
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(SourceChanged, match="no regular file"):
        read(SourceAccess(), external)


def test_a_file_as_it_is_written_is_waited_for(tmp_path: Path) -> None:
    """A change within the same tick of the clock would not show in the time."""
    path = tmp_path / "file"
    path.write_bytes(b"x")
    external = describe_file(str(path))
    path.write_bytes(b"y")
    assert external.pin(Pin.MTIME_NS) != str(path.stat().st_mtime_ns)


def test_web_files_and_their_redirects(web: Web) -> None:
    page = Page(b"0123456789")
    external = External.of(web.offer("/open/a", page), 10, {Pin.ETAG: page.tag})
    wide = SourceAccess()
    assert read(wide, external, 2, 3) == b"234"
    narrow = SourceAccess([f"{web.url}/open"])
    assert read(narrow, external) == b"0123456789"
    web.offer("/secret", page)
    web.offer("/open/a", Page(redirect="/secret"))
    with pytest.raises(AccessDenied, match="does not read"):
        read(narrow, external)
    assert [path for _, path, _ in web.asked].count("/secret") == 0
    assert read(wide, external) == b"0123456789"
    narrow.close()
    wide.close()


def test_errors_name_the_file(file: Path) -> None:
    external = describe_file(str(file))
    file.unlink()
    with pytest.raises(SourceChanged) as caught:
        list(named("data@main:/a", SourceAccess().read(external)))
    assert caught.value.message == (
        f"external file 'data@main:/a' cannot be read: its source {external.uri} is gone"
    )


def test_known_digests_are_kept_and_a_damaged_end_is_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "digests"
    first = KnownDigests(path)
    assert first.find(b"a" * 32) is None
    first.add(b"a" * 32, b"1" * 32)
    first.add(b"a" * 32, b"1" * 32)
    first.add(b"b" * 32, b"2" * 32)
    assert path.stat().st_size == 128
    with path.open("ab") as out:
        out.write(b"cut")
    again = KnownDigests(path)
    assert (again.find(b"a" * 32), again.find(b"b" * 32)) == (b"1" * 32, b"2" * 32)
    assert KnownDigests(tmp_path).find(b"a" * 32) is None
