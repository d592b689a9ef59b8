"""Every table, typed. Queries live in the modules next to this package.

Content digests and datum keys are raw bytes; ids that people type (commits, jobs, runs) are
lower-case hex text, so that a prefix of one is a range of the primary key. The tables are plain
Core ones: importing the ORM would take half as long again as all of the rest, on every command.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from datavc.db.tables import columns

if TYPE_CHECKING:
    from datavc.db.tables.access import (
        Account,
        AccountGroup,
        AuditRow,
        GroupMember,
        RepoOwner,
        RoleBindingRow,
        Token,
    )
    from datavc.db.tables.columns import METADATA
    from datavc.db.tables.commits import (
        Commit,
        CommitParent,
        OutboxEvent,
        Provenance,
        Staged,
    )
    from datavc.db.tables.jobs import (
        DatumResult,
        Job,
        JobChange,
        JobDatum,
        JobDependency,
        JobEvent,
        LiveLog,
        ReproductionRow,
        RunningDatum,
    )
    from datavc.db.tables.pipelines import (
        CronInput,
        Pipeline,
        PipelineInput,
        PipelineVersion,
        Secret,
    )
    from datavc.db.tables.refs import (
        Branch,
        BranchProtection,
        BranchTrigger,
        RefMove,
        Repo,
        Tag,
    )
    from datavc.db.tables.s3 import (
        S3Key,
        S3Part,
        S3Session,
        S3SessionChange,
        S3Upload,
    )
    from datavc.db.tables.service import (
        InboundMessage,
        InboundWebhook,
        LineageEvent,
        Request,
        Webhook,
        WebhookDelivery,
    )
    from datavc.db.tables.storage import (
        Chunk,
        DroppedPack,
        Pack,
        Purge,
        RetentionRule,
        UpkeepTurn,
    )

__all__ = [
    "METADATA",
    "Account",
    "AccountGroup",
    "AuditRow",
    "Branch",
    "BranchProtection",
    "BranchTrigger",
    "Chunk",
    "Commit",
    "CommitParent",
    "CronInput",
    "DatumResult",
    "DroppedPack",
    "GroupMember",
    "InboundMessage",
    "InboundWebhook",
    "Job",
    "JobChange",
    "JobDatum",
    "JobDependency",
    "JobEvent",
    "LineageEvent",
    "LiveLog",
    "OutboxEvent",
    "Pack",
    "Pipeline",
    "PipelineInput",
    "PipelineVersion",
    "Provenance",
    "Purge",
    "RefMove",
    "Repo",
    "RepoOwner",
    "ReproductionRow",
    "Request",
    "RetentionRule",
    "RoleBindingRow",
    "RunningDatum",
    "S3Key",
    "S3Part",
    "S3Session",
    "S3SessionChange",
    "S3Upload",
    "Secret",
    "Staged",
    "Tag",
    "Token",
    "UpkeepTurn",
    "Webhook",
    "WebhookDelivery",
]

#: The modules next to this one; names are looked for in this order.
_AREAS = ("refs", "commits", "storage", "pipelines", "jobs", "s3", "access", "service")


def __getattr__(name: str) -> object:
    # Making all tables takes a tenth of a short command's time, and it uses few of them.
    if name == "METADATA":
        # It stands for all of them.
        for area in _AREAS:
            import_module(f"{__name__}.{area}")
        return columns.METADATA
    for area in _AREAS:
        module = import_module(f"{__name__}.{area}")
        if hasattr(module, name):
            return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
