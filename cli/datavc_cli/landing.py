"""After a commit landed: its pipelines run, and what became of each job is told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from datavc_cli.failures import DONE, FAILED, report
from datavc_cli.invocation import Invocation
from datavc_cli.progress import job_progress
from datavc_cli.wording import count, short, short_run

if TYPE_CHECKING:
    from datavc import Client
    from datavc.model.commit_info import CommitInfo
    from datavc.model.job import JobInfo
    from datavc.model.merge_info import MergeInfo
    from datavc.model.repo import BranchInfo


def run_pipelines(
    invocation: Invocation,
    client: Client,
    landed: CommitInfo | BranchInfo | MergeInfo,
    *,
    no_run: bool,
) -> list[JobInfo]:
    """Run what a commit or a moved branch triggered, with progress, unless left for later."""
    if no_run:
        return []
    with job_progress(invocation) as progress:
        return client.run_pipelines(landed, progress)


def tell_jobs(invocation: Invocation, jobs: Iterable[JobInfo]) -> int:
    """Print a line for each job, and give the exit code: 1 when one of them failed."""
    failed = [job for job in jobs if _tell(invocation, job)]
    if not failed:
        return DONE
    from datavc.model.job import JobState

    first = next((job for job in failed if job.state is JobState.FAILURE), failed[0])
    # With --json the jobs are in the result already.
    if not invocation.as_json:
        report(
            f"job {short_run(first.id)} of pipeline {first.pipeline} ended as {first.state.value}"
            + (f": {first.reason}" if first.reason else ""),
            f"see `datavc job logs {short_run(first.id)}`; the commit that led to it stands",
            "",
            as_json=False,
        )
    return FAILED


def _tell(invocation: Invocation, job: JobInfo) -> bool:
    if job.standing:
        invocation.say(
            f"job {short_run(job.id)}  {job.pipeline}  {job.state.value}"
            "  (runs where `datavc serve` or `datavc engine` does)"
        )
        return False
    done = f"{job.datums_processed:,} processed, {job.datums_skipped:,} skipped"
    if job.datums_recovered:
        done += f", {job.datums_recovered:,} recovered"
    if job.datums_failed:
        done += f", {job.datums_failed:,} failed"
    output = f" -> {job.pipeline}@{short(job.output)}" if job.output else ""
    invocation.say(
        f"job {short_run(job.id)}  {job.pipeline}  {job.state.value}"
        f"  {count(job.datums_total, 'datum')}: {done}{output}"
    )
    return job.state.is_failed
