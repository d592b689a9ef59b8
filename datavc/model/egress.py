"""Egress: where a pipeline's output is written to beside its repo, after each job."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, unquote, urlsplit

from datavc.errors import InvalidAddress, InvalidSpec
from datavc.model.source_uri import scheme_of, shown, split_object
from datavc.model.spec_fields import SpecFields

_SQL_SCHEMES = ("postgresql", "postgres")
_POSTGRES_PORT = 5432
_FORMS = ("URL", "object_storage", "sql_database")
_NO_URL = ("URL", "")
#: Parameters of a database's URL that would be a secret in a spec that everybody may read.
_SECRET_PARAMETERS = frozenset(("password", "sslpassword"))


class TableFormat(StrEnum):
    """How the files that fill a table are read."""

    CSV = "CSV"
    JSON = "JSON"
    PARQUET = "PARQUET"


@dataclass(frozen=True, slots=True)
class BucketEgress:
    """Every file of the output becomes an object."""

    #: ``s3://bucket/prefix``.
    url: str


@dataclass(frozen=True, slots=True)
class DatabaseEgress:
    """Every top-level folder of the output fills the table of its name."""

    #: ``postgresql://user@host:port/database``, without a password.
    url: str
    format: TableFormat
    #: The columns to be filled; empty for all of the table, in their order.
    columns: tuple[str, ...] = ()
    #: Name of the secret that holds the password, and of the value in it; ``""`` for none.
    secret: str = ""
    secret_key: str = ""


Egress = BucketEgress | DatabaseEgress


@dataclass(frozen=True, slots=True)
class DatabasePlace:
    """What a database's URL says."""

    #: ``""`` where the URL leaves it to its parameters, or to the client's environment.
    host: str
    port: int
    database: str
    user: str
    #: Whatever comes behind the ``?``.
    parameters: tuple[tuple[str, str], ...]


def split_database(url: str, *, whole_host: bool = False) -> DatabasePlace:
    """The parts of ``postgresql://user@host:port/database``.

    Args:
        url: what is to be split.
        whole_host: whether it may name all databases of a host, by naming none.

    Raises:
        InvalidAddress: it is malformed, names no database, or holds a password.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _POSTGRES_PORT
    except ValueError:
        raise InvalidAddress(f"{shown(url)!r} is malformed") from None
    parameters = tuple(parse_qsl(parts.query, keep_blank_values=True))
    secret = next((name for name, _ in parameters if name.lower() in _SECRET_PARAMETERS), None)
    if parts.password is not None or secret:
        raise InvalidAddress(
            f"{shown(url)!r} was given with a password, which everybody could read",
            hint="make a secret of it, and name that in egress.sql_database.secret",
        )
    database = unquote(parts.path.removeprefix("/"))
    named = bool(host) if whole_host and not database else bool(database)
    if parts.scheme not in _SQL_SCHEMES or not named or "/" in database or parts.fragment:
        raise InvalidAddress(
            f"{shown(url)!r} names no database", hint="use postgresql://user@host:5432/database"
        )
    return DatabasePlace(host, port, database, unquote(parts.username or ""), parameters)


def parse_egress(spec: SpecFields) -> Egress | None:
    """Read a spec's ``egress``; ``None`` when there is none.

    Raises:
        InvalidSpec: a field is missing, malformed, unknown or not supported; names its full path.
    """
    if not spec.has("egress"):
        return None
    fields = SpecFields(spec.get("egress"), "egress", _FORMS)
    # Pachyderm prints an empty URL beside the other forms.
    given = [name for name in _FORMS if fields.has(name) and (name, fields.get(name)) != _NO_URL]
    if len(given) != 1:
        raise InvalidSpec(
            "egress must have exactly one of URL, object_storage and sql_database",
            hint=f"it has {' and '.join(given)}" if given else "it has none",
        )
    if given[0] == "sql_database":
        return _parse_database(fields)
    if given[0] == "URL":
        return _bucket(fields, "URL")
    storage = SpecFields(fields.get("object_storage"), fields.at("object_storage"), ("url",))
    return _bucket(storage, "url")


def _bucket(fields: SpecFields, key: str) -> BucketEgress:
    url = fields.text(key)
    if scheme_of(url) != "s3":
        raise InvalidSpec(
            f"{fields.at(key)}: {shown(url)!r} is not supported yet",
            hint="use s3://bucket/prefix; other stores are reached where they speak S3's protocol, "
            "by AWS_ENDPOINT_URL",
        )
    try:
        split_object(url)
    except InvalidAddress as error:
        raise InvalidSpec(f"{fields.at(key)}: {error.message}", hint=error.hint) from None
    return BucketEgress(url)


def _parse_database(egress: SpecFields) -> DatabaseEgress:
    fields = SpecFields(
        egress.get("sql_database"), egress.at("sql_database"), ("url", "file_format", "secret")
    )
    url = fields.text("url")
    if scheme_of(url) not in _SQL_SCHEMES:
        raise InvalidSpec(
            f"{fields.at('url')}: {shown(url)!r} is not supported yet",
            hint="use postgresql://user@host:5432/database",
        )
    try:
        split_database(url)
    except InvalidAddress as error:
        raise InvalidSpec(f"{fields.at('url')}: {error.message}", hint=error.hint) from None
    kind, columns = _parse_format(fields)
    secret, key = _parse_secret(fields)
    return DatabaseEgress(url, kind, columns, secret, key)


def _parse_format(database: SpecFields) -> tuple[TableFormat, tuple[str, ...]]:
    if not database.has("file_format"):
        raise InvalidSpec(
            f"{database.at('file_format')} is missing",
            hint="say {type: CSV}, {type: JSON} or {type: PARQUET}",
        )
    fields = SpecFields(
        database.get("file_format"), database.at("file_format"), ("type", "columns")
    )
    kind = fields.text("type")
    if kind not in list(TableFormat):
        raise InvalidSpec(
            f"{fields.at('type')} {kind!r} is not supported",
            hint="let the transform write CSV, JSON or PARQUET, and say which",
        )
    columns = fields.texts("columns")
    twice = [name for name in columns if columns.count(name) > 1 or not name]
    if twice:
        raise InvalidSpec(
            f"{fields.at('columns')} names {twice[0]!r} twice"
            if twice[0]
            else f"{fields.at('columns')} holds an empty name"
        )
    return TableFormat(kind), columns


def _parse_secret(database: SpecFields) -> tuple[str, str]:
    if not database.has("secret"):
        return "", ""
    fields = SpecFields(database.get("secret"), database.at("secret"), ("name", "key"))
    return fields.text("name"), fields.text("key")
