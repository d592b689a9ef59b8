"""The client: every verb of datavc, wherever it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from datavc.client.access import AccessVerbs
from datavc.client.appends import AppendVerbs
from datavc.client.content_diffs import ContentDiffVerbs
from datavc.client.control import ControlVerbs
from datavc.client.exports import ExportVerbs
from datavc.client.files import FileVerbs
from datavc.client.gets import GetVerbs
from datavc.client.imports import ImportVerbs
from datavc.client.inbound_webhooks import InboundWebhookVerbs
from datavc.client.pipelines import PipelineVerbs
from datavc.client.refs import RefVerbs
from datavc.client.removals import RemoveVerbs
from datavc.client.repos import RepoVerbs
from datavc.client.reproductions import ReproductionVerbs
from datavc.client.s3_keys import S3KeyVerbs
from datavc.client.secrets import SecretVerbs
from datavc.client.space import SpaceVerbs
from datavc.client.specs import SpecVerbs
from datavc.client.webhooks import WebhookVerbs
from datavc.client.working_copies import WorkingCopyVerbs
from datavc.client.working_copy_merge import CopyMergeVerbs

if TYPE_CHECKING:
    from types import TracebackType


class Client(
    RepoVerbs,
    AppendVerbs,
    ImportVerbs,
    RemoveVerbs,
    FileVerbs,
    GetVerbs,
    ExportVerbs,
    ContentDiffVerbs,
    RefVerbs,
    CopyMergeVerbs,
    PipelineVerbs,
    ReproductionVerbs,
    S3KeyVerbs,
    WebhookVerbs,
    InboundWebhookVerbs,
    SecretVerbs,
    ControlVerbs,
    SpecVerbs,
    SpaceVerbs,
    WorkingCopyVerbs,
    AccessVerbs,
):
    """A connection to one datavc; see :func:`datavc.connect`. Safe to share between threads.

    Addresses are ``repo@ref:/path``: the ref is a branch, a tag, a commit id or a unique prefix
    of one, optionally with ``~2`` to go back; without a ref the repo's default branch is meant.
    Every method raises :class:`~datavc.errors.Unavailable` when something needed is away.
    """

    def describe(self) -> dict[str, str]:
        """Where the data is, by the names ``kind``, ``address``, ``store`` and so on."""
        return self.transport.describe()

    def close(self) -> None:
        """Let go of connections and files. Safe to call more than once."""
        self.transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
