"""What a caller may do. Every request of the gateway passes here before anything is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from datavc.access import caller as access
from datavc.access.key_holder import holder_of, is_account
from datavc.db.session import Database
from datavc.model import role
from datavc.model.s3_key import S3KeyInfo
from datavc.model.s3_session import S3Session
from datavc_server.s3.error import access_denied


class Action(StrEnum):
    """What a request does to a repo."""

    READ = "read"
    #: Stage, and commit what is staged.
    WRITE = "write"
    #: Make a repo.
    CREATE = "create"


_NEEDED = {
    Action.READ: role.Action.READ,
    Action.WRITE: role.Action.WRITE,
    Action.CREATE: role.Action.MAINTAIN,
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request, by the access key that signed it."""

    key_id: str
    #: Written down as the author.
    account: str
    read_only: bool
    #: The account itself, whose roles decide; ``None`` while there are no accounts, and for a job.
    holder: access.Caller | None = None
    #: What the key opens where it is a job's: that alone, whatever else is said here.
    session: S3Session | None = None

    def may_read(self, repo: str) -> bool:
        """Whether it may know of a repo; of a bucket, where it is a job."""
        if self.session is not None:
            return self.session.may_read(repo)
        return self.holder is None or access.may(self.holder, role.Action.READ, repo)


def caller_of_job(session: S3Session) -> Caller:
    """Who a job's requests are from."""
    return Caller(
        session.id,
        f"pipeline {session.pipeline}",
        read_only=not session.has_output,
        session=session,
    )


def caller_of(db: Database, key: S3KeyInfo, *, accounts_only: bool) -> Caller:
    """Who a key's requests are from.

    Args:
        db: knows the accounts.
        key: the key that has signed.
        accounts_only: whether a key is of an account even while there is none.

    Raises:
        AccessDenied: there are accounts, and the key's is none of them, or is disabled.
    """
    holder = None
    if accounts_only or is_account(db, key.account):
        holder = holder_of(db, key.account, key.id)
    return Caller(key.id, key.account, key.read_only, holder)


def check_allowed(caller: Caller, action: Action, repo: str, branch: str | None = None) -> None:
    """Make sure that *caller* may do *action* to *repo*, or on a branch of it.

    A repo that may not be read is refused alike whether it is there or not.

    Raises:
        S3Error: it may not.
    """
    if caller.session is not None:
        _check_job(caller.session, action, repo)
        return
    if action is not Action.READ and caller.read_only:
        raise access_denied(
            f"the access key {caller.key_id} is for reading, and opens {repo!r} for nothing else"
        )
    if caller.holder is not None and not access.may(caller.holder, _NEEDED[action], repo, branch):
        raise access_denied(access.denied(caller.holder, _NEEDED[action], repo, branch).message)


def _check_job(session: S3Session, action: Action, bucket: str) -> None:
    """Make sure that a job may do *action* to a bucket: what is not named here, it may not.

    Raises:
        S3Error: it may not.
    """
    if action is Action.READ and session.may_read(bucket):
        return
    if action is Action.WRITE and session.may_write(bucket):
        return
    if session.may_read(bucket):
        raise access_denied(f"the bucket {bucket!r} is an input of job {session.job_id}")
    raise access_denied(f"job {session.job_id} has no bucket {bucket!r}")
