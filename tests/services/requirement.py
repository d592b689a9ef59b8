"""What happens to a test whose service is not there."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

#: Set to 1 where every service must be there, as in CI.
SWITCH = "DATAVC_REQUIRE"


def missing(reason: str) -> NoReturn:
    """Skip the test, or fail it where services are required."""
    if os.environ.get(SWITCH) == "1":
        pytest.fail(f"{reason} ({SWITCH}=1 requires it)", pytrace=False)
    pytest.skip(reason)
