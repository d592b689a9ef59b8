"""The account that a pipeline acts as: what it is given, and what is asked of it.

Its roles are what the spec of its current version needs: reading the inputs, and writing on the
branches of the output and of the ticks. They are changed by the transaction that changes the
spec. Roles that the spec went on to need are left as they are, so what an admin has taken away
stays away.
"""

from __future__ import annotations

from sqlalchemy import Connection

from datavc.access.caller import Caller, denied, may
from datavc.db import accounts, audit_log, pipelines, role_bindings
from datavc.db.clock import now_us
from datavc.errors import AccessDenied, InvalidInput
from datavc.model.account import AccountKind, account_of_pipeline, pipeline_of_account
from datavc.model.audit import AuditEntry, Outcome
from datavc.model.pipeline import PipelineSpec, parse_pipeline_spec
from datavc.model.pipeline_input import cron_inputs
from datavc.model.role import Action, Grant, Role


def needed_grants(spec: PipelineSpec) -> frozenset[Grant]:
    """What a pipeline must be allowed in order to do what its spec says."""
    written = {(spec.name, spec.output_branch)}
    written |= {(repo, leaf.branch) for repo, (leaf, _) in cron_inputs(spec.input).items()}
    read = set(spec.sources) - written
    return frozenset(
        [Grant(Role.WRITER, *place) for place in written]
        + [Grant(Role.READER, *place) for place in read]
    )


def keep_in_step(
    conn: Connection, spec: PipelineSpec, before: PipelineSpec | None, author: str
) -> None:
    """Give a pipeline's account the roles that its new version needs, and take the others away.

    Args:
        conn: the transaction that makes the version.
        spec: the new version.
        before: the version before; without one the account is made.
        author: who makes the version.
    """
    name = account_of_pipeline(spec.name)
    needed = needed_grants(spec)
    if before is None:
        # What there may be of that name is nobody's, and must not hold for the new pipeline.
        accounts.discard(conn, name)
    found = accounts.find_granted(conn, name)
    if found is None or before is None:
        account_id = accounts.create(
            conn, name, AccountKind.PIPELINE, author=author, time_us=now_us()
        )
        new = needed
    else:
        account_id = found.id
        new = needed - needed_grants(before)
        for grant in found.grants:
            if grant not in needed:
                role_bindings.remove(conn, grant, account_id=account_id, group=None)
    for grant in sorted(new, key=str):
        role_bindings.add(
            conn, grant, account_id=account_id, group=None, author=author, time_us=now_us()
        )


def remove_account(conn: Connection, pipeline: str) -> None:
    """Delete the account of a pipeline that is deleted, with its tokens and roles."""
    accounts.discard(conn, account_of_pipeline(pipeline))


def caller_of(conn: Connection, pipeline: str) -> Caller:
    """A pipeline as one that asks, with what its account may do at this moment.

    Raises:
        AccessDenied: the account is disabled, or there is none.
    """
    name = account_of_pipeline(pipeline)
    found = accounts.find_granted(conn, name)
    if found is None:
        raise AccessDenied(
            f"pipeline {pipeline!r} has no account",
            hint="an update of the pipeline makes one",
            repo=pipeline,
        )
    if found.is_disabled:
        raise AccessDenied(
            f"account {name!r} is disabled",
            hint=f"an admin can let it in again: datavc auth account enable {name}",
            repo=pipeline,
        )
    # It is in no group.
    return Caller(name, AccountKind.PIPELINE, found.id, found.grants)


def require(caller: Caller, action: Action, needed: Grant) -> None:
    """Make sure that a pipeline may do what it is about to do.

    Args:
        caller: the pipeline.
        action: what it is about to do where *needed* says.
        needed: the role that its spec needs there.

    Raises:
        AccessDenied: it may not; the hint names the role.
    """
    repo, branch = needed.repos, needed.branches
    if may(caller, action, repo, branch):
        return
    raise AccessDenied(
        denied(caller, action, repo, None if action is Action.READ else branch).message,
        hint="an admin can give it that again: datavc auth role grant "
        f"{caller.account} {needed.role} {repo}@{branch}",
        repo=repo,
        branch=branch,
    )


def check_grant(conn: Connection, account: str, grant: Grant) -> None:
    """Make sure that an account may be given a role: a pipeline's only what its spec needs.

    Raises:
        InvalidInput: it may not.
    """
    pipeline = pipeline_of_account(account)
    if pipeline is None:
        return
    row = pipelines.find(conn, pipeline)
    needed = frozenset() if row is None else needed_grants(parse_pipeline_spec(row.spec))
    if grant not in needed:
        raise InvalidInput(
            f"pipeline {pipeline!r} does not need {grant}, and is given nothing else",
            hint=f"its spec needs {', '.join(sorted(map(str, needed))) or 'nothing'}",
        )


def write_down(
    conn: Connection,
    pipeline: str,
    request: str,
    repo: str,
    branch: str,
    refusal: AccessDenied | None = None,
) -> None:
    """Write what a pipeline did, or may not do, to the audit log.

    Args:
        conn: the transaction that does it.
        pipeline: the pipeline.
        request: what it was about, such as ``job 0f3a9c5d``.
        repo: where.
        branch: on which branch.
        refusal: why it may not; ``None`` where it is done.
    """
    outcome, reason = (Outcome.DONE, "") if refusal is None else (Outcome.REFUSED, refusal.message)
    entry = AuditEntry(
        0, now_us(), account_of_pipeline(pipeline), "", request, repo, branch, outcome, 0, "", "",
        reason,
    )  # fmt: skip
    audit_log.add(conn, entry)
