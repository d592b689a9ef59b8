"""Settings of the property tests: no deadlines, since a busy machine is no failure."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("datavc", deadline=None, max_examples=100)
settings.load_profile("datavc")
