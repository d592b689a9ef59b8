"""Encrypting secrets: AES-256-GCM, with a key that is not in the database.

A sealed secret is a version byte, a nonce of 12 bytes and the cipher text with its tag. The
secret's name is authenticated with it, so no row can take another one's place.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from datavc.errors import AccessDenied, DatavcError, InvalidInput, UnknownFormat

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

#: Holds the key in base64, instead of the file.
KEY_VARIABLE = "DATAVC_SECRET_KEY"
_FILE = "secret.key"
_KEY_SIZE = 32
_NONCE_SIZE = 12
_VERSION = b"\x01"


class SecretBox:
    """Seals and opens secrets.

    Args:
        home: its file ``secret.key`` holds the key where the environment does not; it is made,
            readable by its owner alone, when the first secret is sealed.
    """

    def __init__(self, home: Path) -> None:
        self._file = home / _FILE

    def seal(self, name: str, values: Mapping[str, bytes]) -> bytes:
        """Encrypt a secret's values.

        Raises:
            InvalidInput: the key is malformed.
            DatavcError: the cryptography package is not installed.
        """
        aead = _cipher()(self._key(make=True))
        nonce = secrets.token_bytes(_NONCE_SIZE)
        data = msgspec.msgpack.encode(dict(values))
        return _VERSION + nonce + aead.encrypt(nonce, data, name.encode())

    def open(self, name: str, sealed: bytes) -> dict[str, bytes]:
        """Decrypt a secret's values.

        Raises:
            AccessDenied: there is no key here, or another one.
            UnknownFormat: it was sealed by a newer datavc.
            InvalidInput, DatavcError: as :meth:`seal`.
        """
        if sealed[:1] != _VERSION:
            raise UnknownFormat(f"secret {name!r} is in a form of a newer datavc")
        aead = _cipher()(self._key(make=False))
        from cryptography.exceptions import InvalidTag

        nonce, data = sealed[1 : 1 + _NONCE_SIZE], sealed[1 + _NONCE_SIZE :]
        try:
            plain = aead.decrypt(nonce, data, name.encode())
        except InvalidTag:
            raise AccessDenied(
                f"secret {name!r} was encrypted with another key",
                hint=f"set {KEY_VARIABLE} to the key it was made with, or create it again",
            ) from None
        return msgspec.msgpack.decode(plain, type=dict[str, bytes])

    def _key(self, *, make: bool) -> bytes:
        text = os.environ.get(KEY_VARIABLE)
        if text:
            return _decode(text, KEY_VARIABLE)
        if make:
            self._make_file()
        try:
            return _decode(self._file.read_text(encoding="ascii"), str(self._file))
        except OSError as error:
            raise AccessDenied(
                f"the key of the secrets cannot be read from {self._file}: {error.strerror}",
                hint=f"put it there, or into {KEY_VARIABLE}",
            ) from None

    def _make_file(self) -> None:
        if self._file.exists():
            return
        # Where database and store are elsewhere, nothing else has made the home.
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Whole before it has its name, so that nobody reads half a key; the first one wins.
        draft = self._file.with_name(f"{_FILE}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, base64.b64encode(secrets.token_bytes(_KEY_SIZE)) + b"\n")
            os.fsync(descriptor)
            os.link(draft, self._file)
        except FileExistsError:
            pass
        finally:
            os.close(descriptor)
            draft.unlink()


def _decode(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_SIZE:
        raise InvalidInput(
            f"{where} holds no key", hint="make one: head -c 32 /dev/urandom | base64"
        )
    return key


def _cipher() -> type[AESGCM]:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError:
        raise DatavcError(
            "secrets need the cryptography package", hint='pip install "datavc[secrets]"'
        ) from None
    return AESGCM
