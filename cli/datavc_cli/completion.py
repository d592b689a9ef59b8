"""Shell completion of repo names and refs. It never fails: what cannot be known is left out."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from datavc.errors import DatavcError

#: So many of the newest jobs are offered.
_LATEST = 50
#: What bash takes for the end of a word, and an address has inside.
_BREAKS = re.compile(r"[@:]+")


@contextmanager
def whole_words() -> Iterator[None]:
    """Put addresses together again that bash has taken apart to have them completed.

    Bash puts what is printed where its own last word begins, so all before that is cut off.
    """
    words = os.environ.get("COMP_WORDS", "").split("\n")
    if os.environ.get("_DATAVC_COMPLETE") != "complete_bash" or len(words) == 1:
        yield
        return
    joined: list[str] = []
    words = words[: int(os.environ.get("COMP_CWORD") or 0) + 1]
    for at, word in enumerate(words):
        if joined and (_BREAKS.fullmatch(word) or (at and _BREAKS.fullmatch(words[at - 1]))):
            joined[-1] += word
        else:
            joined.append(word)
    os.environ.update(COMP_WORDS="\n".join(joined), COMP_CWORD=str(len(joined) - 1))
    *_, last = [0, *(found.end() for found in _BREAKS.finditer(joined[-1]))]
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            yield
    finally:
        sys.stdout.writelines(f"{line[last:]}\n" for line in printed.getvalue().splitlines())


def complete_copy_ref(incomplete: str) -> list[str]:
    """Branches and tags of the repo that the working copy around is of."""
    return _quietly(_copy_refs(incomplete))


def complete_repo(incomplete: str) -> list[str]:
    """Repos whose name starts with what was typed."""
    return _quietly(_repos(incomplete))


def complete_branch(incomplete: str) -> list[str]:
    """Repos, and behind an ``@`` the branches of one."""
    repo, at, ref = incomplete.partition("@")
    return _quietly(_branches(repo, ref) if at else _repos(repo))


def complete_address(incomplete: str) -> list[str]:
    """Repos, and behind an ``@`` the branches and tags of one."""
    repo, at, ref = incomplete.partition("@")
    return _quietly(_refs(repo, ref) if at else _repos(repo))


def complete_pipeline(incomplete: str) -> list[str]:
    """Pipelines whose name starts with what was typed."""
    return _quietly(_pipelines(incomplete))


def complete_s3_key(incomplete: str) -> list[str]:
    """Access keys of the S3 gateway."""
    return _quietly(_s3_keys(incomplete))


def complete_secret(incomplete: str) -> list[str]:
    """Secrets whose name starts with what was typed."""
    return _quietly(_secrets(incomplete))


def complete_account(incomplete: str) -> list[str]:
    """Accounts whose name starts with what was typed."""
    return _quietly(_accounts(incomplete))


def complete_group(incomplete: str) -> list[str]:
    """Groups whose name starts with what was typed."""
    return _quietly(_groups(incomplete))


def complete_role(incomplete: str) -> list[str]:
    """Roles that start with what was typed."""
    from datavc.model.role import Role

    return [role.value for role in Role if role.startswith(incomplete)]


def complete_outcome(incomplete: str) -> list[str]:
    """Outcomes in the audit log that start with what was typed."""
    from datavc.model.audit import Outcome

    return [outcome.value for outcome in Outcome if outcome.startswith(incomplete)]


def complete_job(incomplete: str) -> list[str]:
    """Ids of the latest jobs that start with what was typed."""
    return _quietly(_jobs(incomplete))


def _quietly(candidates: Iterator[str]) -> list[str]:
    try:
        return list(candidates)
    except DatavcError:
        return []


def _copy_refs(start: str) -> Iterator[str]:
    import datavc

    with datavc.connect() as client:
        repo = client.working_copy().name.partition("@")[0]
        names = [branch.name for branch in client.list_branches(repo)]
        names += [tag.name for tag in client.list_tags(repo)]
        yield from (name for name in names if name.startswith(start))


def _repos(start: str) -> Iterator[str]:
    import datavc

    with datavc.connect() as client:
        yield from (repo.name for repo in client.list_repos() if repo.name.startswith(start))


def _branches(repo: str, start: str) -> Iterator[str]:
    import datavc

    with datavc.connect() as client:
        for branch in client.list_branches(repo):
            if branch.name.startswith(start):
                yield f"{repo}@{branch.name}"


def _refs(repo: str, start: str) -> Iterator[str]:
    import datavc

    yield from _branches(repo, start)
    with datavc.connect() as client:
        for tag in client.list_tags(repo):
            if tag.name.startswith(start):
                yield f"{repo}@{tag.name}"


def _pipelines(start: str) -> Iterator[str]:
    import datavc

    with datavc.connect() as client:
        for pipeline in client.list_pipelines():
            if pipeline.name.startswith(start):
                yield pipeline.name


def _secrets(start: str) -> Iterator[str]:
    import datavc

    with datavc.connect() as client:
        yield from (each.name for each in client.list_secrets() if each.name.startswith(start))


def _s3_keys(start: str) -> Iterator[str]:
    import datavc

    with datavc.connect() as client:
        yield from (each.id for each in client.list_s3_keys() if each.id.startswith(start))


def _accounts(start: str) -> Iterator[str]:
    import datavc

    with datavc.connect() as client:
        yield from (each.name for each in client.list_accounts() if each.name.startswith(start))


def _groups(start: str) -> Iterator[str]:
    import datavc

    with datavc.connect() as client:
        yield from (each.name for each in client.list_groups() if each.name.startswith(start))


def _jobs(start: str) -> Iterator[str]:
    import datavc

    with datavc.connect() as client:
        for job in client.list_jobs(limit=_LATEST):
            if job.id.startswith(start):
                yield job.id
