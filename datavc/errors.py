"""Every error that datavc raises on purpose, grouped by what a handler would do about it.

::

    DatavcError
    ├── InvalidInput            the caller must change what was asked (never retry)
    │   ├── InvalidName         a repo, branch, tag or pipeline name
    │   ├── InvalidPath         a path inside a repo, or one that leaves its root
    │   ├── InvalidAddress      a malformed ``repo@ref:/path``
    │   └── InvalidSpec         a pipeline spec; names the field
    ├── NotFound                what was named does not exist (also a ``LookupError``)
    │   ├── Expired             a commit whose content was collected; its facts and lineage stay
    │   └── Purged              a file whose bytes were removed for good from all history
    ├── Conflict                the state has moved on, or stands in the way
    │   ├── AlreadyExists       the name is taken
    │   ├── LostRace            a compare-and-swap lost; the same call may be made again
    │   │   └── Collected       what a write relied on was collected meanwhile; write it again
    │   ├── Protected           a branch that is kept from being changed so
    │   ├── PathConflict        a file where a folder is, or the other way round
    │   └── NothingStaged       a commit with nothing to commit
    ├── AccessDenied            no token, a wrong one, or not allowed
    ├── TransformFailed         user code failed; its log says why
    │   └── DuplicateOutput     two datums wrote the same path
    ├── Unavailable             try again later: a store, database, server or engine is away
    │   ├── StoreUnavailable
    │   ├── DatabaseUnavailable
    │   ├── ServerUnavailable
    │   ├── ExecutorUnavailable
    │   │   └── ExecutorAway    it answered before, or nobody answers: jobs wait for it
    │   └── TooManyRequests     an account asks more often than it may
    ├── OutOfSpace              a disk or a quota is full
    │   └── QuotaExceeded       an account would have more than it may
    ├── SourceUnreadable        a file or folder to be read in cannot be read, or changed meanwhile
    │   └── SourceChanged       an external file's source is gone, or is not what was imported
    └── DataCorrupt             bytes are not what they were; names the object
        └── UnknownFormat       written by a newer version, or not ours at all

Each carries a stable ``code`` (append-only, for programs) and a one-line message that says what
was wrong with what; ``hint`` says what to do next. Nothing here knows about HTTP or exit codes.
"""

from __future__ import annotations

from enum import StrEnum


class ErrorCode(StrEnum):
    """Stable machine-readable codes. Codes are only ever added."""

    INVALID_INPUT = "invalid_input"
    INVALID_NAME = "invalid_name"
    INVALID_PATH = "invalid_path"
    INVALID_ADDRESS = "invalid_address"
    INVALID_SPEC = "invalid_spec"
    NOT_FOUND = "not_found"
    EXPIRED = "expired"
    PURGED = "purged"
    CONFLICT = "conflict"
    ALREADY_EXISTS = "already_exists"
    LOST_RACE = "lost_race"
    COLLECTED = "collected"
    PROTECTED = "protected"
    PATH_CONFLICT = "path_conflict"
    NOTHING_STAGED = "nothing_staged"
    ACCESS_DENIED = "access_denied"
    TRANSFORM_FAILED = "transform_failed"
    DUPLICATE_OUTPUT = "duplicate_output"
    UNAVAILABLE = "unavailable"
    STORE_UNAVAILABLE = "store_unavailable"
    DATABASE_UNAVAILABLE = "database_unavailable"
    SERVER_UNAVAILABLE = "server_unavailable"
    EXECUTOR_UNAVAILABLE = "executor_unavailable"
    TOO_MANY_REQUESTS = "too_many_requests"
    OUT_OF_SPACE = "out_of_space"
    QUOTA_EXCEEDED = "quota_exceeded"
    SOURCE_UNREADABLE = "source_unreadable"
    SOURCE_CHANGED = "source_changed"
    DATA_CORRUPT = "data_corrupt"
    UNKNOWN_FORMAT = "unknown_format"
    INTERNAL = "internal"


class DatavcError(Exception):
    """Base of every deliberate error.

    Args:
        message: one line; what was wrong with what.
        hint: one line; what to do about it (may be empty).
    """

    code: ErrorCode = ErrorCode.INTERNAL

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class InvalidInput(DatavcError, ValueError):
    """The caller must change what was asked."""

    code = ErrorCode.INVALID_INPUT


class InvalidName(InvalidInput):
    """A repo, branch, tag or pipeline name that is not allowed."""

    code = ErrorCode.INVALID_NAME


class InvalidPath(InvalidInput):
    """A path that is malformed or would leave its root."""

    code = ErrorCode.INVALID_PATH


class InvalidAddress(InvalidInput):
    """A malformed ``repo@ref:/path``."""

    code = ErrorCode.INVALID_ADDRESS


class InvalidSpec(InvalidInput):
    """A pipeline spec that cannot be accepted; the message names the field."""

    code = ErrorCode.INVALID_SPEC


class NotFound(DatavcError, LookupError):
    """What was named does not exist."""

    code = ErrorCode.NOT_FOUND


class Expired(NotFound):
    """The content of a commit is gone by a retention rule; its id, facts and lineage stay."""

    code = ErrorCode.EXPIRED


class Purged(NotFound):
    """The bytes of a file were removed from all history; ids and lineage stay."""

    code = ErrorCode.PURGED


class Conflict(DatavcError):
    """The state has moved on, or stands in the way."""

    code = ErrorCode.CONFLICT


class AlreadyExists(Conflict):
    """The name is taken."""

    code = ErrorCode.ALREADY_EXISTS


class LostRace(Conflict):
    """A compare-and-swap lost against another writer; the same call may be made again."""

    code = ErrorCode.LOST_RACE


class Collected(LostRace):
    """A pack that a write relied on was collected before the write landed."""

    code = ErrorCode.COLLECTED


class Protected(Conflict):
    """A branch is kept from being changed in this way."""

    code = ErrorCode.PROTECTED


class PathConflict(Conflict):
    """A file where a folder is, or the other way round."""

    code = ErrorCode.PATH_CONFLICT


class NothingStaged(Conflict):
    """A commit was asked for with nothing staged."""

    code = ErrorCode.NOTHING_STAGED


class AccessDenied(DatavcError):
    """No token, a wrong one, or one that does not allow this.

    Args:
        message: one line; what was wrong with what.
        hint: one line; what to do about it (may be empty).
        repo: where it was refused; empty for in no repo in particular.
        branch: on which branch; empty for on none in particular.
    """

    code = ErrorCode.ACCESS_DENIED

    def __init__(self, message: str, *, hint: str = "", repo: str = "", branch: str = "") -> None:
        super().__init__(message, hint=hint)
        self.repo = repo
        self.branch = branch


class TransformFailed(DatavcError):
    """User code failed; the datum's log says why."""

    code = ErrorCode.TRANSFORM_FAILED


class DuplicateOutput(TransformFailed):
    """Two datums of one job wrote the same path."""

    code = ErrorCode.DUPLICATE_OUTPUT


class Unavailable(DatavcError):
    """Something needed is away for now; trying again later may work."""

    code = ErrorCode.UNAVAILABLE


class StoreUnavailable(Unavailable):
    """The object store does not answer."""

    code = ErrorCode.STORE_UNAVAILABLE


class DatabaseUnavailable(Unavailable):
    """The database does not answer, or stayed locked for too long."""

    code = ErrorCode.DATABASE_UNAVAILABLE


class ServerUnavailable(Unavailable):
    """The datavc server does not answer."""

    code = ErrorCode.SERVER_UNAVAILABLE


class ExecutorUnavailable(Unavailable):
    """The container engine does not answer, or lacks what the pipeline needs."""

    code = ErrorCode.EXECUTOR_UNAVAILABLE


class ExecutorAway(ExecutorUnavailable):
    """The container engine does not answer; unlike what it refuses, this passes by itself."""


class TooManyRequests(Unavailable):
    """An account asks more often than it may."""

    code = ErrorCode.TOO_MANY_REQUESTS


class OutOfSpace(DatavcError):
    """A disk or a quota is full."""

    code = ErrorCode.OUT_OF_SPACE


class QuotaExceeded(OutOfSpace):
    """An account would have more bytes or repos than it may."""

    code = ErrorCode.QUOTA_EXCEEDED


class SourceUnreadable(DatavcError):
    """A file to be read in cannot be read, or changed while it was read."""

    code = ErrorCode.SOURCE_UNREADABLE


class SourceChanged(SourceUnreadable):
    """What an external file stands for is gone, or is another version than was imported."""

    code = ErrorCode.SOURCE_CHANGED


class DataCorrupt(DatavcError):
    """Stored bytes are not what was written; the message names the object."""

    code = ErrorCode.DATA_CORRUPT


class UnknownFormat(DataCorrupt):
    """An object written by a newer datavc, or not by datavc at all."""

    code = ErrorCode.UNKNOWN_FORMAT


def from_code(code: str, message: str, hint: str = "") -> DatavcError:
    """Rebuild the error that *code* names, for errors that crossed a process boundary.

    An unknown code (from a newer server) gives a plain :class:`DatavcError`.
    """
    pending: list[type[DatavcError]] = [DatavcError]
    while pending:
        kind = pending.pop()
        if kind.code == code:
            return kind(message, hint=hint)
        pending.extend(kind.__subclasses__())
    return DatavcError(message, hint=hint)
