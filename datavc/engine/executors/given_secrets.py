"""What a worker's transform is given of its secrets: variables, and folders of files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from datavc.errors import InvalidInput
from datavc.model.secret import SecretUse

_MODE = 0o444


def secret_variables(
    uses: Sequence[SecretUse], values: Mapping[str, Mapping[str, bytes]]
) -> dict[str, str]:
    """The variables that hold secrets.

    Raises:
        InvalidInput: a value cannot be one.
    """
    env: dict[str, str] = {}
    for use in uses:
        if use.env_var:
            try:
                text = values[use.name][use.key].decode()
            except UnicodeDecodeError:
                text = "\0"
            if "\0" in text:
                raise InvalidInput(
                    f"the value {use.key!r} of secret {use.name!r} is no text",
                    hint="give it as a file: mount_path in place of env_var",
                )
            env[use.env_var] = text
    return env


def secret_folders(
    uses: Sequence[SecretUse], values: Mapping[str, Mapping[str, bytes]], scratch: Path
) -> dict[Path, str]:
    """Write the secrets that are wanted as files below *scratch*, which nobody else can enter.

    Returns:
        Each folder with the path that it is to have in the container.
    """
    folders: dict[Path, str] = {}
    for number, use in enumerate(uses):
        if not use.mount_path:
            continue
        folder = scratch / "secrets" / str(number)
        folder.mkdir(parents=True)
        for key in [use.key] if use.key else values[use.name]:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            descriptor = os.open(folder / key, flags, _MODE)
            with open(descriptor, "wb") as file:
                file.write(values[use.name][key])
        folders[folder] = use.mount_path
    return folders
