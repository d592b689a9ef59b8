"""Verbs that make a commit's output once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datavc.client.base import ClientBase
from datavc.errors import Conflict, TransformFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datavc.client.transport import JobProgress
    from datavc.model.address import Address
    from datavc.model.job import JobInfo
    from datavc.model.reproduction import Reproduction


class ReproductionVerbs(ClientBase):
    """Whether a commit can be made again."""

    def reproduce(
        self,
        address: str | Address,
        *,
        tolerance: float = 0.0,
        metrics: Sequence[str] = (),
        timeout: float | None = None,
        progress: JobProgress | None = None,
    ) -> Reproduction:
        """Run what made a commit once more, and compare the outputs file by file.

        The same version of the pipeline runs in the same image over the same input commits;
        nothing is reused, and nothing of it becomes visible. The verdict is kept with the commit.

        Args:
            address: a commit in a pipeline's output repo.
            tolerance: how much numbers in *metrics* may differ: relative for numbers above 1,
                absolute below.
            metrics: globs of files whose numbers may differ so much.
            timeout: seconds to wait at most; the job goes on where an engine runs.
            progress: called as the job moves on.

        Raises:
            NotFound: there is no such commit, or its pipeline was deleted.
            InvalidInput: no pipeline made it.
            Expired: the content of an input was given up.
            TransformFailed: the code failed this time.
            Conflict: the image or executor of then cannot be had, or the timeout passed first.
        """
        located = self.locate(address)
        job = self.transport.start_reproduction(
            located.repo,
            str(located.ref),
            self.author,
            tolerance=tolerance,
            metrics=tuple(metrics),
        )
        ended = self.transport.wait(job.run_id, timeout, progress)[0]
        commit = (ended.reproduces or "").rpartition("@")[2]
        for done in self.transport.list_reproductions(located.repo, commit):
            if done.job == ended.id:
                return done
        raise _unfinished(ended)

    def list_reproductions(self, address: str | Address) -> list[Reproduction]:
        """What came of making a commit's output once more, newest first.

        Raises:
            NotFound: there is no such commit.
        """
        located = self.locate(address)
        return self.transport.list_reproductions(located.repo, str(located.ref))


def _unfinished(job: JobInfo) -> Conflict | TransformFailed:
    message = f"job {job.id[:20]} ended as {job.state.value}: {job.reason}"
    hint = f"see `datavc job logs {job.id[:20]}`"
    if job.datums_failed:
        return TransformFailed(message, hint=hint)
    return Conflict(message, hint=hint)
