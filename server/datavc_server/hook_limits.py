"""How often messages of webhooks may come in, from those who sign them and those who do not."""

from __future__ import annotations

from dataclasses import dataclass, field

from datavc_server.token_bucket import TokenBuckets

#: Messages a minute to one webhook from one address, signed or not.
FROM_ADDRESS = 300
#: Signed messages a minute to one webhook: each may start a run.
SIGNED = 60
#: Those that are not signed, from one address, that are written to the audit log in a minute.
WRITTEN = 60


@dataclass(frozen=True, slots=True)
class HookLimits:
    """The buckets that messages are counted in."""

    signed: TokenBuckets = field(default_factory=TokenBuckets)
    unsigned: TokenBuckets = field(default_factory=TokenBuckets)
