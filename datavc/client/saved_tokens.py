"""Tokens that ``datavc auth login`` has kept, in a file that its owner alone can read."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

import msgspec

from datavc.errors import AccessDenied, DataCorrupt

_FILE = "tokens.json"
_MODE = 0o600


def saved_token(address: str) -> str | None:
    """The token that was kept for a server.

    Raises:
        AccessDenied: others may read the file.
        DataCorrupt: it is not what :func:`save_token` writes.
    """
    return _read().get(address.rstrip("/"))


def save_token(address: str, token: str) -> Path:
    """Keep a token for a server; the file that it is in.

    Raises:
        AccessDenied, DataCorrupt: as :func:`saved_token`; or the file cannot be written.
    """
    kept = _read() | {address.rstrip("/"): token}
    _write(kept)
    return _place()


def forget_token(address: str) -> bool:
    """Keep a server's token no more; ``False`` where there was none.

    Raises:
        AccessDenied, DataCorrupt: as :func:`save_token`.
    """
    kept = _read()
    if kept.pop(address.rstrip("/"), None) is None:
        return False
    _write(kept)
    return True


def _place() -> Path:
    config = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(config).expanduser() / "datavc" / _FILE


def _read() -> dict[str, str]:
    place = _place()
    try:
        with place.open("rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise AccessDenied(
                    f"others may read the tokens in {str(place)!r}",
                    hint=f"chmod 600 {place}, and make new tokens",
                )
            return msgspec.json.decode(file.read(), type=dict[str, str])
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise AccessDenied(f"{str(place)!r} cannot be read: {error.strerror}") from None
    except msgspec.DecodeError:
        raise DataCorrupt(
            f"the tokens in {str(place)!r} cannot be read",
            hint="remove the file, and log in again",
        ) from None


def _write(kept: dict[str, str]) -> None:
    place = _place()
    draft = place.with_name(f"{_FILE}.{secrets.token_hex(8)}")
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(kept)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(place)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise AccessDenied(f"{str(place)!r} cannot be written: {error.strerror}") from None
