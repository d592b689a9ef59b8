"""A gateway for each module, and a repo of its own for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from datavc.versioning import repos
from tests.services.s3_gateway import S3Gateway, running_gateway

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_numbers = itertools.count()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Gateway]:
    """The gateway."""
    with running_gateway(tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture(scope="module")
def s3(gateway: S3Gateway) -> S3Client:
    """A boto3 client of it."""
    return gateway.client()


@pytest.fixture
def repo(gateway: S3Gateway) -> str:
    """The name of an empty repo."""
    name = f"repo-{next(_numbers)}"
    repos.create_repo(gateway.vs, name, author="ann")
    return name
