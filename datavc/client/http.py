"""datavc on a server, across HTTP."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar

from datavc.client.http_access import HttpAccess
from datavc.client.http_answer import Items, by, decode
from datavc.client.http_control import HttpControl
from datavc.client.http_merge import HttpMerge
from datavc.client.http_pages import read_pages
from datavc.client.http_pipelines import HttpPipelines
from datavc.client.http_refs import HttpRefs
from datavc.client.http_reproduction import HttpReproduction
from datavc.client.http_session import HttpSession, Parameters, part
from datavc.client.http_space import HttpSpace
from datavc.client.http_specs import HttpSpecs
from datavc.client.http_store import HttpChunkIndex, open_store
from datavc.client.http_webhooks import HttpWebhooks
from datavc.client.wire import RecordBody, TreeBody
from datavc.model.commit_info import CommitInfo, Lineage
from datavc.model.ids import new_id
from datavc.model.repo import BranchInfo, RefMove, RepoInfo, Reset, StagedChange, TagInfo
from datavc.store.chunk_index import ChunkIndex
from datavc.store.objects import ObjectStore

if TYPE_CHECKING:
    from datavc.model.change_set import StagedRecord
    from datavc.model.commit import TreeRef
    from datavc.model.file_info import PutResult
    from datavc.model.s3_key import NewS3Key, S3KeyInfo
    from datavc.model.secret import SecretInfo

Item = TypeVar("Item")

_LOG_PAGE = 500
#: The server answers when it has fetched all, and gives up by itself.
_FETCH_SECONDS = 24 * 3600.0


class HttpTransport(
    HttpAccess,
    HttpControl,
    HttpMerge,
    HttpPipelines,
    HttpRefs,
    HttpReproduction,
    HttpSpace,
    HttpSpecs,
    HttpWebhooks,
):
    """Speaks to a server; see :class:`~datavc.client.transport.Transport`.

    What is read, and what carries a key of its own (staging and commits), is sent again when the
    connection breaks. Bytes of packs go past the server where that can be.

    Args:
        url: the server's address.
        token: what it wants to be shown, if anything.

    Raises:
        InvalidInput: the address is malformed.
        ServerUnavailable: nobody answers there.
        AccessDenied: the token is missing or wrong.
    """

    kind = "http"
    runs_inline = False

    def __init__(self, url: str, token: str | None = None) -> None:
        self._session = HttpSession(url, token)
        self.address = self._session.address
        try:
            self._store = open_store(self._session)
        except BaseException:
            self._session.close()
            raise
        self.objects: ObjectStore = self._store.objects
        self.chunks: ChunkIndex = HttpChunkIndex(self._session)

    def close(self) -> None:
        """Close all connections."""
        self.objects.close()
        self._store.close()
        self._session.close()

    def describe(self) -> dict[str, str]:
        """The address, and which way the bytes of packs take."""
        return {"kind": self.kind, "address": self.address, "transfer": self._store.way()}

    # repos
    def create_repo(self, name: str, description: str, author: str) -> RepoInfo:
        """Create a repo."""
        body = {"name": name, "description": description}
        return self._post("/repos", RepoInfo, body, author)

    def list_repos(self) -> list[RepoInfo]:
        """All repos."""
        return self._list("/repos", RepoInfo)

    def get_repo(self, name: str) -> RepoInfo:
        """One repo."""
        return self._get(_repo(name), RepoInfo)

    def delete_repo(self, name: str, author: str, *, force: bool) -> None:
        """Delete a repo."""
        self._delete(_repo(name), author, {"force": force})

    # branches and tags
    def create_branch(self, repo: str, name: str, start: str | None, author: str) -> BranchInfo:
        """Create a branch."""
        body = {"name": name, "start": start}
        return self._post(f"{_repo(repo)}/branches", BranchInfo, body, author)

    def list_branches(self, repo: str) -> list[BranchInfo]:
        """A repo's branches."""
        return self._list(f"{_repo(repo)}/branches", BranchInfo)

    def get_branch(self, repo: str, name: str) -> BranchInfo:
        """One branch."""
        return self._get(_branch(repo, name), BranchInfo)

    def move_branch(
        self, repo: str, name: str, target: str, author: str, *, expected: str | None
    ) -> BranchInfo:
        """Let a branch point at another commit."""
        response = self._session.send(
            "PATCH",
            _branch(repo, name),
            body={"target": target, "expected": expected},
            headers=by(author),
        )
        return decode(response, BranchInfo)

    def delete_branch(self, repo: str, name: str, author: str) -> None:
        """Delete a branch."""
        self._delete(_branch(repo, name), author)

    def create_tag(self, repo: str, name: str, target: str, author: str) -> TagInfo:
        """Create a tag."""
        body = {"name": name, "target": target}
        return self._post(f"{_repo(repo)}/tags", TagInfo, body, author)

    def list_tags(self, repo: str) -> list[TagInfo]:
        """A repo's tags."""
        return self._list(f"{_repo(repo)}/tags", TagInfo)

    def delete_tag(self, repo: str, name: str, author: str) -> None:
        """Delete a tag."""
        self._delete(f"{_repo(repo)}/tags/{part(name)}", author)

    def ref_log(self, repo: str, name: str | None, limit: int) -> list[RefMove]:
        """How refs moved, newest first."""
        return self._list(f"{_repo(repo)}/ref-log", RefMove, {"name": name, "limit": limit})

    # staging and commits
    def stage(self, repo: str, branch: str, change_set: StagedRecord, author: str) -> StagedChange:
        """Put a stored change set behind what is staged."""
        path = f"{_branch(repo, branch)}/staging"
        return self._post_once(path, StagedChange, RecordBody.of(change_set), author)

    def list_staged(self, repo: str, branch: str) -> list[StagedChange]:
        """What is staged, oldest first."""
        return self._list(f"{_branch(repo, branch)}/staging", StagedChange)

    def staged_records(self, repo: str, branch: str) -> list[StagedRecord]:
        """Where the staged change sets lie, oldest first."""
        found = self._list(f"{_branch(repo, branch)}/staging/records", RecordBody)
        return [one.record() for one in found]

    def reset_staging(self, repo: str, branch: str, path: str, author: str) -> Reset:
        """Drop what is staged at a path and below."""
        place = f"{_branch(repo, branch)}/staging"
        response = self._session.send("DELETE", place, query={"path": path}, headers=by(author))
        return decode(response, Reset)

    def fetch(
        self,
        repo: str,
        branch: str,
        path: str,
        source: str,
        message: str | None,
        author: str,
        *,
        recursive: bool,
    ) -> PutResult:
        """Let the server fetch what lies elsewhere into a branch."""
        from datavc.model.file_info import PutResult

        body = {"url": source, "path": path, "message": message, "recursive": recursive}
        headers = {**by(author), "Idempotency-Key": new_id()}
        route = f"{_branch(repo, branch)}/fetches"
        response = self._session.send(
            "POST", route, body=body, headers=headers, repeat=True, timeout=_FETCH_SECONDS
        )
        return decode(response, PutResult)

    def commit(
        self,
        repo: str,
        branch: str,
        message: str,
        author: str,
        *,
        change_set: StagedRecord | None,
        allow_empty: bool,
        expected_head: str | None = None,
    ) -> CommitInfo:
        """Commit a branch's staging, or one change set and nothing else."""
        body = {
            "message": message,
            "allow_empty": allow_empty,
            "expected_head": expected_head,
            "change_set": None if change_set is None else RecordBody.of(change_set),
        }
        return self._post_once(f"{_branch(repo, branch)}/commits", CommitInfo, body, author)

    def resolve(self, repo: str, ref: str) -> CommitInfo:
        """The commit that a ref stands for."""
        return self._get(_ref(repo, ref), CommitInfo)

    def tree(self, repo: str, ref: str) -> TreeRef:
        """The tree that a ref stands for."""
        return self._get(f"{_ref(repo, ref)}/tree", TreeBody).tree()

    def log(self, repo: str, ref: str, limit: int) -> Iterator[CommitInfo]:
        """A commit and its first parents, newest first."""
        cursor: str | None = None
        left = limit
        while left > 0:
            query = {"limit": min(left, _LOG_PAGE), "cursor": cursor}
            response = self._session.send("GET", f"{_ref(repo, ref)}/log", query=query)
            page = decode(response, Items[CommitInfo])
            yield from page.items
            left -= len(page.items)
            cursor = page.next
            if cursor is None:
                return

    def lineage(self, repo: str, ref: str, direction: str) -> Lineage:
        """The provenance graph above or below a commit."""
        return self._get(f"{_ref(repo, ref)}/lineage", Lineage, {"direction": direction})

    # keys and secrets
    def create_s3_key(self, account: str | None, author: str, *, read_only: bool) -> NewS3Key:
        """Make an access key of the S3 gateway; without an account, one's own."""
        from datavc.model.s3_key import NewS3Key

        body = {"account": account, "read_only": read_only}
        return self._post("/s3-keys", NewS3Key, body, author)

    def list_s3_keys(self) -> list[S3KeyInfo]:
        """All access keys, without their secrets."""
        from datavc.model.s3_key import S3KeyInfo

        return self._list("/s3-keys", S3KeyInfo)

    def revoke_s3_key(self, key: str) -> None:
        """Let an access key open nothing any more."""
        self._session.send("DELETE", f"/s3-keys/{part(key)}")

    def create_secret(
        self, name: str, values: Mapping[str, bytes], author: str, *, update: bool
    ) -> SecretInfo:
        """Make a secret, or replace one."""
        from datavc.model.secret import SecretInfo

        encoded = {key: base64.b64encode(value).decode() for key, value in values.items()}
        body = {"name": name, "values": encoded}
        return self._post("/secrets", SecretInfo, body, author, {"update": update})

    def list_secrets(self) -> list[SecretInfo]:
        """All secrets, without their values."""
        from datavc.model.secret import SecretInfo

        return self._list("/secrets", SecretInfo)

    def delete_secret(self, name: str, *, force: bool) -> None:
        """Delete a secret."""
        self._session.send("DELETE", f"/secrets/{part(name)}", query={"force": force})

    def _get(self, path: str, kind: type[Item], query: Parameters | None = None) -> Item:
        return decode(self._session.send("GET", path, query=query), kind)

    def _list(self, path: str, kind: type[Item], query: Parameters | None = None) -> list[Item]:
        return read_pages(self._session, path, kind, query)

    def _post(
        self,
        path: str,
        kind: type[Item],
        body: object,
        author: str,
        query: Parameters | None = None,
    ) -> Item:
        response = self._session.send("POST", path, query=query, body=body, headers=by(author))
        return decode(response, kind)

    def _post_once(self, path: str, kind: type[Item], body: object, author: str) -> Item:
        """A request that the server carries out once, however often it arrives."""
        headers = {**by(author), "Idempotency-Key": new_id()}
        response = self._session.send("POST", path, body=body, headers=headers, repeat=True)
        return decode(response, kind)

    def _delete(self, path: str, author: str, query: Parameters | None = None) -> None:
        self._session.send("DELETE", path, query=query, headers=by(author))


def _repo(repo: str) -> str:
    return f"/repos/{part(repo)}"


def _branch(repo: str, branch: str) -> str:
    return f"{_repo(repo)}/branches/{part(branch)}"


def _ref(repo: str, ref: str) -> str:
    return f"{_repo(repo)}/refs/{part(ref)}"
