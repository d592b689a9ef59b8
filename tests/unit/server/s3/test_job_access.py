"""What the key of a job opens: what is not its own is refused, whatever is asked for."""

from __future__ import annotations

import itertools

import pytest

from datavc.model.s3_session import InputBucket, S3Session
from datavc_server.s3.access import Action, caller_of_job, check_allowed
from datavc_server.s3.error import S3Error

INPUTS = (InputBucket("in", "raw", "c0ffee"), InputBucket("more", "raw", "c0ffee"))
BUCKETS = ("in", "more", "out", "raw", "p", "IN", "out/", "")


@pytest.mark.parametrize("has_output", [True, False])
def test_only_what_is_named_is_allowed(has_output: bool) -> None:
    session = S3Session("DVJX", "p", "job", INPUTS, 1, "p", "main", has_output, 0)
    caller = caller_of_job(session)
    allowed = {(Action.READ, "in"), (Action.READ, "more")}
    if has_output:
        allowed |= {(Action.READ, "out"), (Action.WRITE, "out")}
    for action, bucket, branch in itertools.product(Action, BUCKETS, (None, "main")):
        if (action, bucket) in allowed:
            check_allowed(caller, action, bucket, branch)
        else:
            with pytest.raises(S3Error) as refused:
                check_allowed(caller, action, bucket, branch)
            assert refused.value.code == "AccessDenied"
    assert {bucket for bucket in BUCKETS if caller.may_read(bucket)} == {
        bucket for action, bucket in allowed if action is Action.READ
    }
    assert (caller.account, caller.holder) == ("pipeline p", None)
