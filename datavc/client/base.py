"""What all verbs of the SDK share: the transport, who acts, and reading addresses and trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datavc.errors import InvalidAddress
from datavc.model.address import Address, Ref, parse_address
from datavc.store.external.known_digests import KnownDigests
from datavc.versioning.nodes import NodeStore

if TYPE_CHECKING:
    from pathlib import Path

    from datavc.client.transport import JobProgress, Transport
    from datavc.model.commit import TreeRef
    from datavc.model.commit_info import CommitInfo
    from datavc.model.job import JobInfo
    from datavc.model.merge_info import MergeInfo
    from datavc.model.repo import BranchInfo


class ClientBase:
    """A transport, and what reading addresses and trees through it takes.

    Args:
        transport: what serves this client.
        author: who is written down for whatever is changed.
        cache: folder for what makes later calls faster, and may be lost.
    """

    def __init__(self, transport: Transport, author: str, cache: Path) -> None:
        self.transport = transport
        self.author = author
        self.cache = cache
        self.nodes = NodeStore(transport.objects)
        transport.objects.digests = KnownDigests(cache / "external-digests")

    @property
    def runs_inline(self) -> bool:
        """Whether pipelines run in this process, while a call here waits for them."""
        return self.transport.runs_inline

    def locate(self, address: str | Address) -> Address:
        """Read an address; one without a ref means the repo's default branch.

        Raises:
            InvalidAddress, InvalidName, InvalidPath: it is malformed.
            NotFound: it has no ref, and there is no such repo.
        """
        if isinstance(address, Address):
            return address
        parsed = parse_address(address)
        if address.startswith("datavc://") or "@" in address.partition(":")[0].partition("{")[0]:
            return parsed
        default = self.transport.get_repo(parsed.repo).default_branch
        return Address(parsed.repo, Ref(default), parsed.path)

    def locate_branch(self, address: str | Address) -> Address:
        """Read an address that is to be written to, so that its ref must be a branch.

        Raises:
            InvalidAddress: it goes on from its ref (``main~1``); besides as :meth:`locate`.
        """
        located = self.locate(address)
        if not located.ref.is_plain:
            raise InvalidAddress(
                f"'{located.ref}' is a commit, and only a branch can be written to",
                hint="name the branch alone, such as repo@main",
            )
        return located

    def tree_at(self, address: Address) -> TreeRef:
        """The tree that an address's ref stands for.

        Raises:
            NotFound: there is no such repo or ref.
        """
        return self.transport.tree(address.repo, str(address.ref))

    def run_pipelines(
        self, landed: CommitInfo | BranchInfo | MergeInfo, progress: JobProgress | None = None
    ) -> list[JobInfo]:
        """Work off what a commit or a moved branch triggered, where nobody else would.

        Returns:
            The jobs of its run.
        """
        if not self.transport.runs_inline or landed.run_id is None:
            return []
        return self.transport.wait(landed.run_id, None, progress)
