"""Keys to places: ``ref/path``, where a ref that is longest is meant.

A key's ref is the longest branch that the key starts with; without one, the longest tag; without
one, its first part names a commit, as ``main~1`` or the start of an id does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

from sqlalchemy import Connection

from datavc.db import branches, repos, tags
from datavc.db.repos import RepoRow
from datavc.errors import InvalidInput, NotFound
from datavc.model.commit import TreeRef
from datavc.model.entry import EMPTY_FOLDER, Entry
from datavc.model.name import clean_prefix
from datavc.model.tree.lookup import lookup
from datavc.model.tree.node import NodeSource
from datavc.versioning import resolve
from datavc.versioning.branch_trees import BranchPlace, BranchTree
from datavc_server.s3.error import S3Error, access_denied, invalid_argument, no_such_key
from datavc_server.s3.gateway import Gateway

#: Longest name of a branch or tag.
_LONGEST_REF = 200


@dataclass(frozen=True, slots=True)
class Address:
    """Where an object is."""

    #: The repo, or a job's bucket.
    repo: str
    #: ``""`` in a job's bucket, whose keys are paths.
    ref: str
    path: str
    is_branch: bool

    @property
    def key(self) -> str:
        """The object's key."""
        return f"{self.root}{self.path}"

    @property
    def root(self) -> str:
        """What the keys of the ref start with."""
        return f"{self.ref}/" if self.ref else ""


@dataclass(frozen=True, slots=True)
class View:
    """What a ref stands for."""

    tree: TreeRef
    #: Loads the tree's nodes.
    source: NodeSource
    #: When it became so, in microseconds since the Unix epoch.
    time_us: int


@dataclass(frozen=True, slots=True)
class Found:
    """An object."""

    entry: Entry
    time_us: int

    @property
    def etag(self) -> str:
        """Its entity tag, in quotes."""
        return etag_of(self.entry)


def etag_of(entry: Entry) -> str:
    """An entity tag in quotes: the content's digest, and a suffix by which it is no MD5."""
    return f'"{entry.digest.hex()}-1"'


def repo_row(conn: Connection, name: str) -> RepoRow:
    """The bucket's repo.

    Raises:
        S3Error: there is none.
    """
    row = repos.find(conn, name)
    if row is None:
        raise S3Error(HTTPStatus.NOT_FOUND, "NoSuchBucket", f"there is no repo {name!r}")
    return row


def find_address(gateway: Gateway, repo: str, key: str) -> Address:
    """The place that a key names.

    Raises:
        S3Error: there is no such repo, or the key has no ref.
    """
    if gateway.job is not None:
        return gateway.job.address(repo, key)
    names = list(refs_in(key))
    with gateway.vs.db.read() as conn:
        row = repo_row(conn, repo)
        known = branches.names_among(conn, row.id, names)
        is_branch = bool(known)
        known = known or tags.names_among(conn, row.id, names)
    if not names:
        raise no_such_key(f"{key!r} names no object; a key is BRANCH/PATH, as main/{key}")
    ref = max(known, key=len) if known else names[-1]
    return Address(repo, ref, key[len(ref) + 1 :], is_branch)


def refs_in(key: str) -> Iterator[str]:
    """What a key's ref may be, the longest first."""
    end = key.rfind("/", 0, _LONGEST_REF + 1)
    while end > 0:
        yield key[:end]
        end = key.rfind("/", 0, end)


def find_target(gateway: Gateway, repo: str, key: str, *, root_too: bool = False) -> Address:
    """The place of a branch that a key names, for a write.

    Args:
        gateway: where.
        repo: the bucket.
        key: the key.
        root_too: whether it may be the branch itself, as a folder: ``main/``.

    Raises:
        S3Error: there is no such repo or branch, or a path cannot be so.
    """
    address = find_address(gateway, repo, key)
    if gateway.job is None and not address.is_branch:
        raise _not_writable(gateway, address)
    path = address.path
    if root_too and not path:
        return address
    try:
        if not path or path.startswith("/") or clean_prefix(path) != path:
            raise invalid_argument(f"{key!r} cannot be a key: {path!r} is no path of a file")
    except InvalidInput as error:
        raise invalid_argument(f"{key!r} cannot be a key: {error}") from None
    return address


def _not_writable(gateway: Gateway, address: Address) -> S3Error:
    try:
        resolve.get_commit(gateway.vs, address.repo, address.ref)
    except (NotFound, InvalidInput):
        return no_such_key(
            f"repo {address.repo!r} has no branch {address.ref!r}; "
            f"make it: datavc branch create {address.repo}@{address.ref}"
        )
    return access_denied(
        f"{address.ref!r} of repo {address.repo!r} is no branch, so it cannot be written to"
    )


def open_view(gateway: Gateway, address: Address) -> View:
    """What the ref of an address stands for.

    Raises:
        S3Error: there is no such ref.
    """
    if gateway.job is not None:
        return gateway.job.view(address)
    vs = gateway.vs
    try:
        if address.is_branch:
            seen = written_tree(gateway, address)
            return View(seen.tree, seen.source, seen.version.time_us)
        tree = resolve.get_tree(vs, address.repo, address.ref)
        commit = resolve.get_commit(vs, address.repo, address.ref)
    except (NotFound, InvalidInput) as error:
        raise no_such_key(str(error)) from None
    return View(tree, vs.nodes, commit.time_us)


def written_tree(gateway: Gateway, address: Address) -> BranchTree:
    """What a write to an address is put upon.

    Raises:
        NotFound: there is no such branch.
    """
    if gateway.job is not None:
        return gateway.job.output()
    return gateway.trees.get(BranchPlace(address.repo, address.ref))


def find_object(gateway: Gateway, address: Address) -> Found:
    """The object at an address.

    Raises:
        S3Error: there is none.
    """
    view = open_view(gateway, address)
    entry = look_up(view.tree, address.path, view.source)
    if entry is None:
        place = f"{address.repo}@{address.ref}" if address.ref else address.repo
        raise no_such_key(f"there is no '{place}:/{address.path}'")
    return Found(entry, view.time_us)


def look_up(tree: TreeRef, path: str, source: NodeSource) -> Entry | None:
    """The file at *path*; for a path that ends in a slash, the mark that keeps a folder.

    The root is always there.
    """
    if not path:
        return EMPTY_FOLDER
    found = lookup(tree, path, source)
    return EMPTY_FOLDER if found is not None and path.endswith("/") else found
