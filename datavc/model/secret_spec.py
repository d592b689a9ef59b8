"""Reading ``transform.secrets`` of a pipeline spec."""

from __future__ import annotations

import posixpath
from collections.abc import Collection

from datavc.errors import InvalidSpec
from datavc.model.secret import SecretUse
from datavc.model.spec_fields import SpecFields, check_variable


def parse_secrets(transform: SpecFields, taken: Collection[str]) -> tuple[SecretUse, ...]:
    """The secrets of a transform.

    Args:
        transform: the object that has them.
        taken: the variables that it has otherwise.

    Raises:
        InvalidSpec: a field is missing, malformed or unknown; names its full path.
    """
    uses: list[SecretUse] = []
    variables, paths = set(taken), {"/pfs", "/tmp"}  # noqa: S108 - what containers have already
    for index, item in enumerate(transform.items("secrets")):
        fields = SpecFields(
            item,
            f"{transform.at('secrets')}[{index}]",
            ("name", "key", "env_var", "mount_path"),
        )
        use = SecretUse(
            fields.text("name"),
            fields.text("key", ""),
            fields.text("env_var", ""),
            fields.text("mount_path", ""),
        )
        if bool(use.env_var) == bool(use.mount_path):
            raise InvalidSpec(f"{fields.path} must have either env_var or mount_path")
        if use.env_var:
            _check_variable(fields, use, variables)
            variables.add(use.env_var)
        else:
            _check_path(fields, use.mount_path, paths)
            paths.add(use.mount_path)
        uses.append(use)
    return tuple(uses)


def _check_variable(fields: SpecFields, use: SecretUse, taken: Collection[str]) -> None:
    if not use.key:
        raise InvalidSpec(f"{fields.at('key')} is missing", hint="say which value is meant")
    check_variable(use.env_var, fields.at("env_var"))
    if use.env_var in taken:
        raise InvalidSpec(f"{fields.at('env_var')}: {use.env_var!r} is given twice")


def _check_path(fields: SpecFields, path: str, taken: Collection[str]) -> None:
    where = fields.at("mount_path")
    if not path.startswith("/") or posixpath.normpath(path) != path or path == "/":
        raise InvalidSpec(f"{where} must be an absolute path below the root, not {path!r}")
    for other in taken:
        if f"{path}/".startswith(f"{other}/") or f"{other}/".startswith(f"{path}/"):
            raise InvalidSpec(f"{where}: {path!r} overlaps with {other!r}")
