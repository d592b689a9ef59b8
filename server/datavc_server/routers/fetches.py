"""Fetching files from elsewhere into a branch."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, status
from pydantic import Field
from sqlalchemy import Connection

from datavc.access import quotas
from datavc.model.file_info import PutResult
from datavc.model.name import clean_prefix
from datavc.model.repo import StagedChange
from datavc.model.tree.lookup import is_folder
from datavc.versioning import branches, commits, resolve, staging
from datavc.versioning.branch_view import BranchView
from datavc.versioning.ingest import Ingested
from datavc_server.body_model import BodyModel
from datavc_server.repeated_request import IdempotencyKey, Remember, do_once
from datavc_server.state import Author, Branch, Repo, State
from datavc_server.write_record import note_commit, note_files

router = APIRouter(prefix="/repos/{repo}/branches/{branch}/fetches", tags=["files"])


class NewFetch(BodyModel):
    """What the server is to fetch."""

    url: str = Field(
        description="`https://`, `http://` or `s3://`, without credentials.",
        max_length=8192,
        examples=["https://example.com/cat.jpg"],
    )
    path: str = Field(
        default="",
        description="The file's path; one that ends in a slash, or none, is a folder to put into.",
        examples=["raw/"],
    )
    message: str | None = Field(
        default=None, description="Commit at once with it; without one, the file is staged."
    )
    recursive: bool = Field(default=False, description="All below a prefix of a bucket.")


@router.post("", status_code=status.HTTP_201_CREATED)
def fetch(
    repo: Repo,
    branch: Branch,
    new: NewFetch,
    state: State,
    author: Author,
    idempotency_key: IdempotencyKey = None,
) -> PutResult:
    """Fetch a file from elsewhere; answers when it is stored.

    The server goes to public addresses alone, redirects too, and to what its operator has opened.
    """
    vs = state.vs

    def act(remember: Remember) -> PutResult:
        branches.get_branch(vs, repo, branch)
        quotas.check_bytes(vs.db, repo, 0)
        tree = resolve.get_tree(vs, repo, branch)
        staged = staging.staged_records(vs, repo, branch) if new.message is None else ()
        view = BranchView(tree, vs.nodes, staged)
        path = clean_prefix(new.path)
        inside = bool(path) and not path.endswith("/") and is_folder(tree, path, vs.nodes)
        done = state.fetcher.fetch(
            new.url, path, view, recursive=new.recursive, target_is_folder=inside
        )
        note_files(state, done.bytes, done.stored_bytes)
        if done.record is None:
            return _result(done)
        quotas.check_bytes(vs.db, repo, done.record.bytes)
        if new.message is None:

            def on_staged(conn: Connection, change: StagedChange) -> None:
                remember(conn, _answer(_result(done, staged=change.id)))

            change = staging.stage(vs, repo, branch, done.record, author=author, extra=on_staged)
            return _result(done, staged=change.id)

        def on_commit(conn: Connection, commit_id: str) -> None:
            remember(conn, _answer(_result(done, commit=commit_id)))

        commit = commits.commit_changes(
            vs, repo, branch, done.record, message=new.message, author=author, extra=on_commit
        )
        note_commit(state, repo, branch, commit.id, commit.run_id)
        return _result(done, commit=commit.id)

    def repeat(answer: dict[str, object]) -> PutResult:
        return msgspec.convert(answer, PutResult)

    asked = ["fetch", repo, branch, new.url, new.path, new.message, new.recursive, author]
    return do_once(vs, idempotency_key, msgspec.json.encode(asked), act, repeat)


def _result(done: Ingested, *, staged: int | None = None, commit: str | None = None) -> PutResult:
    return PutResult(done.files, done.bytes, done.unchanged, done.stored_bytes, staged, commit)


def _answer(result: PutResult) -> dict[str, object]:
    found: dict[str, object] = msgspec.to_builtins(result)
    return found
