"""What the gateway asks of the database, asked of PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from datavc.versioning import branches, commits, repos, tags
from tests.integration.s3_gateway.test_multipart import begin, complete, send
from tests.integration.s3_gateway.test_objects import get, keys, put, refusal
from tests.services.s3_gateway import running_gateway
from tests.services.small_store import read_files


@pytest.mark.postgres
def test_the_gateway_on_postgresql(postgres_with_tables: str, tmp_path: Path) -> None:
    with running_gateway(tmp_path / "home", database=postgres_with_tables) as gateway:
        repos.create_repo(gateway.vs, "data", author="ann")
        branches.create_branch(gateway.vs, "data", "team/x", author="ann")
        s3 = gateway.client()
        with ThreadPoolExecutor(4) as pool:
            names = [f"{branch}/{number}" for branch in ("main", "team/x") for number in range(10)]
            list(pool.map(lambda name: put(s3, "data", name, IfNoneMatch="*"), names))
        assert keys(s3, "data") == names
        assert refusal(put, s3, "data", "main/1", IfNoneMatch="*")[0] == 412

        upload = begin(s3, "data")
        send(s3, "data", upload, 1, b"first")
        parts = [send(s3, "data", upload, 1, b"again"), send(s3, "data", upload, 2, b"end")]
        complete(s3, "data", upload, parts)
        aborted = begin(s3, "data", "main/none")
        assert [one["UploadId"] for one in s3.list_multipart_uploads(Bucket="data")["Uploads"]] == [
            aborted
        ]
        s3.abort_multipart_upload(Bucket="data", Key="main/none", UploadId=aborted)
        s3.copy_object(Bucket="data", Key="team/x/big", CopySource="data/main/big")

        commits.commit_staged(gateway.vs, "data", "main", message="m", author="ann")
        tags.create_tag(gateway.vs, "data", "v1", "main", author="ann")
        assert get(s3, "data", "v1/big") == b"againend"
        assert read_files(gateway.vs)["big"] == b"againend"
        assert get(s3, "data", "team/x/big") == b"againend"
