"""Settings of the property tests: no deadlines, since a busy machine is no failure.

They try the same examples on every run, so that whatever fails has to do with what was changed.
``make model EXAMPLES=...`` tries that many of the state machines, and others each time.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile(
    "datavc", deadline=None, max_examples=100, derandomize="EXAMPLES" not in os.environ
)
settings.load_profile("datavc")
