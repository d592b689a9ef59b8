"""Shell completion of repo names and refs. It never fails: what cannot be known is left out."""

from __future__ import annotations

from collections.abc import Iterator

from datavc.errors import DatavcError

#: So many of the newest jobs are offered.
_LATEST = 50


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


def complete_job(incomplete: str) -> list[str]:
    """Ids of the latest jobs that start with what was typed."""
    return _quietly(_jobs(incomplete))


def _quietly(candidates: Iterator[str]) -> list[str]:
    try:
        return list(candidates)
    except DatavcError:
        return []


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


def _jobs(start: str) -> Iterator[str]:
    import datavc

    with datavc.connect() as client:
        for job in client.list_jobs(limit=_LATEST):
            if job.id.startswith(start):
                yield job.id
