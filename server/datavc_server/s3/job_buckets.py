"""The buckets of a job: those of its inputs, at their commits, and that of its output.

Keys are paths, with no ref before them. Nothing else is there for a job's key: no repo, no branch
and no tag.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from datavc.errors import NotFound
from datavc.model.s3_session import OUTPUT_BUCKET, S3Session
from datavc.versioning import resolve
from datavc.versioning.branch_trees import BranchTree
from datavc.versioning.session_outputs import SessionPlace
from datavc_server.s3.address import Address, View
from datavc_server.s3.error import access_denied, no_such_key
from datavc_server.s3.gateway import Gateway


@dataclass(frozen=True, slots=True)
class JobBuckets:
    """What one request by a job's key may see."""

    gateway: Gateway
    session: S3Session

    def names(self) -> Iterator[str]:
        """The buckets' names."""
        for bucket in self.session.inputs:
            yield bucket.name
        if self.session.has_output:
            yield OUTPUT_BUCKET

    def address(self, bucket: str, key: str) -> Address:
        """The place that a key names."""
        return Address(bucket, "", key, is_branch=False)

    def output(self) -> BranchTree:
        """What was put out so far."""
        return self.gateway.outputs.get(SessionPlace(self.session.id))

    def view(self, address: Address) -> View:
        """What a bucket holds.

        Raises:
            S3Error: it is none of the job's, or its commit is gone.
        """
        if self.session.may_write(address.repo):
            seen = self.output()
            return View(seen.tree, seen.source, seen.version.time_us or self.session.created_us)
        bucket = self.session.input(address.repo)
        if bucket is None:
            raise access_denied(f"job {self.session.job_id} has no bucket {address.repo!r}")
        vs = self.gateway.vs
        try:
            tree = resolve.get_tree(vs, bucket.repo, bucket.commit)
            commit = resolve.get_commit(vs, bucket.repo, bucket.commit)
        except NotFound as error:
            raise no_such_key(str(error)) from None
        return View(tree, vs.nodes, commit.time_us)
