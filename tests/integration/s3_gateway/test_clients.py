"""Clients as they are installed, against the gateway: nothing in them is changed for it."""

from __future__ import annotations

import filecmp
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from datavc.versioning import commits, resolve
from tests.services.requirement import missing
from tests.services.s3_gateway import S3Gateway
from tests.services.small_store import read_files

#: Clients whose own requirements exclude those of the others.
_APART = Path(__file__).parents[3] / ".s3-clients" / "bin" / "python"
_BIG = 20 * 1024 * 1024


def run(gateway: S3Gateway, command: Sequence[str], home: Path, **environment: str) -> str:
    """Run a client, and give what it prints."""
    inherited = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    done = subprocess.run(
        command,
        env={**inherited, "HOME": str(home), **gateway.environment, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def program(name: str) -> str:
    """The path of a client's program."""
    found = shutil.which(
        name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    return found or missing(f"{name} is not installed")


def apart() -> str:
    """The Python of the clients that are installed apart."""
    if not _APART.exists():
        missing("the S3 clients that are installed apart are not there: make .s3-clients/.ready")
    return str(_APART)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of many kinds, one of them large enough to come in parts."""
    root = tmp_path / "folder"
    (root / "deep" / "er").mkdir(parents=True)
    (root / "a file ü+&.txt").write_text("hello")
    (root / "deep" / "empty").write_bytes(b"")
    (root / "deep" / "er" / "big.bin").write_bytes(os.urandom(_BIG))
    return root


def same(first: Path, second: Path) -> bool:
    found = filecmp.dircmp(first, second)
    folders = list(found.common_dirs)
    return not (
        found.left_only or found.right_only or found.diff_files or found.funny_files
    ) and all(same(first / one, second / one) for one in folders)


def land(gateway: S3Gateway, repo: str) -> dict[str, bytes]:
    """Commit what a client has staged, and give the files."""
    commits.commit_staged(gateway.vs, repo, "main", message="by a client", author="ann")
    return read_files(gateway.vs, repo=repo)


def test_aws_cli(gateway: S3Gateway, repo: str, folder: Path, tmp_path: Path) -> None:
    aws = program("aws")

    def call(*words: str) -> str:
        return run(gateway, [aws, *words], tmp_path)

    call("s3", "cp", "--recursive", str(folder), f"s3://{repo}/main/data")
    listed = call("s3", "ls", "--recursive", f"s3://{repo}/main/")
    assert f"{_BIG} main/data/deep/er/big.bin" in listed
    call("s3", "sync", f"s3://{repo}/main/data", str(tmp_path / "back"))
    assert same(folder, tmp_path / "back")
    call("s3", "mv", f"s3://{repo}/main/data/deep/er/big.bin", f"s3://{repo}/main/moved.bin")
    call("s3", "rm", "--recursive", f"s3://{repo}/main/data")
    answer = call(
        "s3api", "put-object", "--bucket", repo, "--key", "main/note",
        "--body", str(folder / "a file ü+&.txt"), "--metadata", "datavc-commit=by aws",
    )  # fmt: skip
    assert "ETag" in answer
    assert resolve.get_commit(gateway.vs, repo, "main").message == "by aws"
    files = read_files(gateway.vs, repo=repo)
    assert sorted(files) == ["moved.bin", "note"]
    assert files["moved.bin"] == (folder / "deep" / "er" / "big.bin").read_bytes()


def test_minio(gateway: S3Gateway, repo: str, folder: Path, tmp_path: Path) -> None:
    from minio import Minio
    from minio.commonconfig import CopySource
    from minio.deleteobjects import DeleteObject

    client = Minio(
        gateway.url.removeprefix("http://"),
        access_key=gateway.key,
        secret_key=gateway.secret,
        secure=False,
    )
    assert client.bucket_exists(bucket_name=repo)
    big = folder / "deep" / "er" / "big.bin"
    client.fput_object(bucket_name=repo, object_name="main/big", file_path=str(big))
    client.put_object(
        bucket_name=repo, object_name="main/a b/ü", data=io.BytesIO(b"hello"), length=5
    )
    client.copy_object(
        bucket_name=repo, object_name="main/copy",
        source=CopySource(bucket_name=repo, object_name="main/a b/ü"),
    )  # fmt: skip
    listed = [
        one.object_name
        for one in client.list_objects(bucket_name=repo, prefix="main/", recursive=True)
    ]
    assert listed == ["main/a b/ü", "main/big", "main/copy"]
    assert [one.object_name for one in client.list_objects(bucket_name=repo)] == ["main/"]
    client.fget_object(bucket_name=repo, object_name="main/big", file_path=str(tmp_path / "back"))
    assert filecmp.cmp(big, tmp_path / "back", shallow=False)
    assert client.stat_object(bucket_name=repo, object_name="main/copy").size == 5
    gone = [DeleteObject("main/a b/ü"), DeleteObject("main/copy")]
    assert not list(client.remove_objects(bucket_name=repo, delete_object_list=gone))
    assert sorted(land(gateway, repo)) == ["big"]


def test_rclone(gateway: S3Gateway, repo: str, folder: Path, tmp_path: Path) -> None:
    rclone = program("rclone")

    def call(*words: str) -> str:
        return run(
            gateway, [rclone, *words], tmp_path,
            RCLONE_CONFIG_GATE_TYPE="s3", RCLONE_CONFIG_GATE_PROVIDER="Other",
            RCLONE_CONFIG_GATE_ENDPOINT=gateway.url, RCLONE_CONFIG_GATE_ENV_AUTH="true",
            RCLONE_CONFIG=str(tmp_path / "rclone.conf"), RCLONE_RETRIES="1",
            RCLONE_S3_UPLOAD_CUTOFF="8Mi", RCLONE_S3_CHUNK_SIZE="5Mi",
        )  # fmt: skip

    call("copy", str(folder), f"gate:{repo}/main/data")
    assert call("lsf", f"gate:{repo}").split() == ["main/"]
    assert "data/deep/er/big.bin" in call("lsf", "-R", f"gate:{repo}/main").split()
    call("check", "--download", str(folder), f"gate:{repo}/main/data")
    call("sync", "--size-only", str(folder), f"gate:{repo}/main/data")
    call("copy", f"gate:{repo}/main/data", str(tmp_path / "back"))
    assert same(folder, tmp_path / "back")
    call("moveto", f"gate:{repo}/main/data/deep/er/big.bin", f"gate:{repo}/main/moved.bin")
    call("purge", f"gate:{repo}/main/data")
    files = land(gateway, repo)
    assert files == {"moved.bin": (folder / "deep" / "er" / "big.bin").read_bytes()}


@pytest.fixture
def table(gateway: S3Gateway, repo: str) -> pd.DataFrame:
    """What the table ``main/table.parquet`` of the repo holds."""
    frame = pd.DataFrame({"city": ["Graz", "Linz", "Graz"], "euro": [10, 20, 30]})
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    gateway.client().put_object(Bucket=repo, Key="main/table.parquet", Body=buffer.getvalue())
    return frame


def test_pyarrow(gateway: S3Gateway, repo: str, table: pd.DataFrame) -> None:
    import pyarrow as pa
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq
    from pyarrow import fs

    files = fs.S3FileSystem(
        access_key=gateway.key, secret_key=gateway.secret, scheme="http",
        endpoint_override=gateway.url.removeprefix("http://"), region="us-east-1",
    )  # fmt: skip
    assert pq.read_table(f"{repo}/main/table.parquet", filesystem=files).num_rows == len(table)
    part = pa.Table.from_pandas(table)
    ds.write_dataset(
        part, f"{repo}/main/set", filesystem=files, format="parquet",
        partitioning=ds.partitioning(pa.schema([("city", pa.string())]), flavor="hive"),
    )  # fmt: skip
    read = ds.dataset(f"{repo}/main/set", filesystem=files, partitioning="hive").to_table()
    assert sorted(read["euro"].to_pylist()) == [10, 20, 30]
    with files.open_output_stream(f"{repo}/main/big.bin") as stream:
        for _ in range(4):
            stream.write(bytes(5 * 1024 * 1024))
    assert files.get_file_info(f"{repo}/main/big.bin").size == _BIG
    files.move(f"{repo}/main/big.bin", f"{repo}/main/moved.bin")
    files.create_dir(f"{repo}/main/new")
    assert files.get_file_info(f"{repo}/main/new").type == fs.FileType.Directory
    files.delete_dir(f"{repo}/main/set")
    assert files.get_file_info(f"{repo}/main/set").type == fs.FileType.NotFound
    landed = land(gateway, repo)
    assert {name for name in landed if not name.endswith("/")} == {"moved.bin", "table.parquet"}


def test_polars(gateway: S3Gateway, repo: str, table: pd.DataFrame) -> None:
    import polars as pl

    options = {
        "aws_access_key_id": gateway.key,
        "aws_secret_access_key": gateway.secret,
        "aws_endpoint_url": gateway.url,
        "aws_region": "us-east-1",
        "aws_allow_http": "true",
    }
    lazy = pl.scan_parquet(f"s3://{repo}/main/*.parquet", storage_options=options)
    assert lazy.select(pl.col("euro").sum()).collect().item() == table["euro"].sum()
    lazy.collect().write_parquet(f"s3://{repo}/main/out/by-polars.parquet", storage_options=options)
    written = land(gateway, repo)["out/by-polars.parquet"]
    assert pl.read_parquet(written)["euro"].to_list() == [10, 20, 30]


_S3FS = """
import os, sys, s3fs
repo = sys.argv[1]
files = s3fs.S3FileSystem(endpoint_url=os.environ["AWS_ENDPOINT_URL"])
assert repo in files.ls("")
assert files.ls(repo) == [f"{repo}/main"], files.ls(repo)
data = os.urandom(20 << 20)
with files.open(f"{repo}/main/deep/big.bin", "wb", block_size=5 << 20) as stream:
    stream.write(data)
files.pipe({f"{repo}/main/deep/{name}": name.encode() for name in ("a b", "c+d", "e")})
assert files.cat_file(f"{repo}/main/deep/big.bin", start=5, end=50) == data[5:50]
assert sorted(files.find(f"{repo}/main")) == [
    f"{repo}/main/deep/{name}" for name in ("a b", "big.bin", "c+d", "e")
]
files.copy(f"{repo}/main/deep/big.bin", f"{repo}/main/copy.bin")
assert files.cat(f"{repo}/main/copy.bin") == data
files.mv(f"{repo}/main/deep/e", f"{repo}/main/f")
files.rm(f"{repo}/main/deep", recursive=True)
assert not files.exists(f"{repo}/main/deep")
assert files.info(f"{repo}/main/f")["size"] == 1
"""

_DUCKDB = """
import os, sys, duckdb_extension_httpfs, duckdb
from pathlib import Path
repo = sys.argv[1]
(extension,) = Path(duckdb_extension_httpfs.__file__).parent.rglob("httpfs.duckdb_extension")
db = duckdb.connect()
db.execute(f"LOAD '{extension}'")
db.execute(f'''CREATE SECRET (
    TYPE s3, KEY_ID '{os.environ["AWS_ACCESS_KEY_ID"]}',
    SECRET '{os.environ["AWS_SECRET_ACCESS_KEY"]}', REGION 'us-east-1', URL_STYLE 'path',
    ENDPOINT '{os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")}', USE_SSL false)''')
table = f"s3://{repo}/main/*.parquet"
assert db.sql(f"SELECT sum(euro) FROM '{table}'").fetchone() == (60,)
db.sql(f"COPY (SELECT range AS x FROM range(3000000)) TO 's3://{repo}/main/out/x.parquet'")
assert db.sql(f"SELECT count(*), max(x) FROM 's3://{repo}/main/out/x.parquet'").fetchone() == (
    3000000, 2999999,
)
"""


def test_s3fs(gateway: S3Gateway, repo: str, tmp_path: Path) -> None:
    run(gateway, [apart(), "-c", _S3FS, repo], tmp_path)
    assert sorted(land(gateway, repo)) == ["copy.bin", "f"]


def test_duckdb(gateway: S3Gateway, repo: str, table: pd.DataFrame, tmp_path: Path) -> None:
    run(gateway, [apart(), "-c", _DUCKDB, repo], tmp_path)
    assert sorted(land(gateway, repo)) == ["out/x.parquet", "table.parquet"]
