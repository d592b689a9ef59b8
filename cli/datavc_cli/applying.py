"""Creating and updating the pipelines of a spec, and what became of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from datavc_cli.invocation import Invocation
from datavc_cli.output import write_json
from datavc_cli.progress import job_progress
from datavc_cli.wording import short_run

if TYPE_CHECKING:
    from datavc.model.job import JobInfo

#: Columns that a spec's lines are not broken within.
_WIDTH = 1000


def create_or_update(
    invocation: Invocation, spec: str | Path, *, update: bool, reprocess: bool, no_run: bool
) -> int:
    """Create or update the pipelines of a spec, run their first jobs, and tell of it.

    Args:
        invocation: what was said before the verb.
        spec: a path, or YAML or JSON text.
        update: make a new version of a pipeline that exists already.
        reprocess: with *update*, run every datum again.
        no_run: leave the jobs for later.

    Returns:
        The exit code.
    """
    from datavc_cli.landing import tell_jobs

    with invocation.connect() as client:
        made = client.create_pipeline(
            spec,
            update=update,
            reprocess=reprocess,
            run=False,
        )
        for info in made:
            verb = "created" if info.version == 1 else "updated"
            invocation.say(f"{verb} pipeline {info.name}, version {info.version}")
            for warning in info.warnings:
                invocation.advise(f"Warning: {warning}")
            if info.last_job and not client.runs_inline:
                invocation.advise(f"Its job has begun: datavc wait {short_run(info.last_job)}")
        jobs: dict[str, JobInfo] = {}
        if not no_run:
            with job_progress(invocation) as progress:
                for info in made:
                    jobs |= {job.id: job for job in client.run_first_job(info, progress)}
    if invocation.as_json:
        write_json({"pipelines": made, "jobs": list(jobs.values())})
    return tell_jobs(invocation, jobs.values())


def as_yaml(spec: dict[str, object]) -> list[str]:
    """A spec as lines of YAML."""
    import yaml

    return yaml.safe_dump(spec, sort_keys=False, allow_unicode=True, width=_WIDTH).splitlines()
