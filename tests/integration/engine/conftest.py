"""A small datavc with an engine in it, and short ways to say what tests need."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from datavc.db import branches, commits, repos
from datavc.engine import jobs
from datavc.engine.engine import Engine
from datavc.engine.pipelines import create_pipeline
from datavc.engine.settings import EngineSettings
from datavc.model.change_set import ChangeSetWriter
from datavc.model.commit import Commit
from datavc.model.job import JobInfo
from datavc.model.tree.scan import scan
from datavc.store.content import ContentWriter, read_content
from datavc.versioning.commits import commit_changes
from datavc.versioning.nodes import SessionSink
from datavc.versioning.repos import create_repo
from datavc.versioning.versioned_store import open_versioned_store


class World:
    """One datavc home; everything in it is real but the user."""

    def __init__(self, home: Path, database: str | None = None, **settings: object) -> None:
        self.home = home
        self.database = database
        self.vs = open_versioned_store(home, database_url=database)
        self.db = self.vs.db
        self.objects = self.vs.objects
        options = {"scratch": home / "scratch", "executor": "process", "workers": 2} | settings
        self.engine = Engine(self.vs, EngineSettings(**options))  # type: ignore[arg-type]
        self.calls = home / "calls"
        self.calls.mkdir(exist_ok=True)

    def close(self) -> None:
        self.engine.close()
        self.db.close()

    def repo(self, *names: str) -> None:
        for name in names:
            create_repo(self.vs, name, author="tester")

    def put(self, repo: str, files: Mapping[str, bytes | None]) -> str:
        """Commit files (``None`` removes one); gives the run."""
        paths = sorted(files)
        with self.objects.session(self.vs.chunks) as session:
            contents = [files[path] for path in paths]
            written = iter(
                ContentWriter(session, self.vs.chunks).write_small(
                    [content for content in contents if content is not None]
                )
            )
            changes = ChangeSetWriter(SessionSink(session))
            for path, content in zip(paths, contents, strict=True):
                changes.add(path, None if content is None else next(written))
            record = changes.finish()
            session.finish()
        commit = commit_changes(self.vs, repo, "main", record, message="put", author="tester")
        return commit.run_id

    def pipeline(
        self,
        name: str,
        source: str | dict[str, object],
        script: str,
        *,
        glob: str = "/*",
        update: bool = False,
        reprocess: bool = False,
        **fields: object,
    ) -> list[JobInfo]:
        """Create or update a pipeline that runs *script* with ``sh``; drives its first job."""
        pfs = {"pfs": {"name": "in", "repo": source, "glob": glob}}
        spec: dict[str, object] = {
            "pipeline": {"name": name},
            "transform": {"cmd": ["sh", "-euc", script], "env": {"CALLS": str(self.calls)}},
            "input": pfs if isinstance(source, str) else source,
            **fields,
        }
        return self.create(spec, update=update, reprocess=reprocess)

    def create(
        self, spec: Mapping[str, object], *, update: bool = False, reprocess: bool = False
    ) -> list[JobInfo]:
        """Create or update a pipeline; drives its first job."""
        info = create_pipeline(self.vs, spec, "tester", update=update, reprocess=reprocess)
        if info.last_job is None:
            return []
        return self.drive(jobs.get_job(self.vs, info.last_job).run_id)

    def drive(self, run_id: str) -> list[JobInfo]:
        return self.engine.drive(run_id, 60)

    def commit_and_drive(self, repo: str, files: Mapping[str, bytes | None]) -> list[JobInfo]:
        return self.drive(self.put(repo, files))

    def head(self, repo: str) -> Commit | None:
        with self.db.read() as conn:
            branch = branches.find(conn, repos.get(conn, repo).id, "main")
            if branch is None or branch.head is None:
                return None
            return commits.find(conn, branch.head)

    def files(self, repo: str) -> dict[str, bytes]:
        commit = self.head(repo)
        assert commit is not None
        return {
            path: b"".join(read_content(self.objects, entry))
            for path, entry in scan(commit.tree, self.vs.nodes)
        }

    def called(self) -> list[str]:
        """Names of the files that scripts made in ``$CALLS`` since the last time."""
        names = sorted(path.name for path in self.calls.iterdir())
        for path in self.calls.iterdir():
            path.unlink()
        return names


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Makes worlds with other settings than the usual ones."""
    made: list[World] = []

    def make(**settings: object) -> World:
        made.append(World(tmp_path / f"home{len(made)}", **settings))
        return made[-1]

    yield make
    for world in made:
        world.close()


#: For tests that run on both databases: ``pytestmark = BOTH_DATABASES``.
BOTH_DATABASES = pytest.mark.parametrize(
    "world",
    ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)],
    indirect=True,
)


@pytest.fixture
def world(request: pytest.FixtureRequest, make_world: Callable[..., World]) -> World:
    if getattr(request, "param", "sqlite") == "postgresql":
        return make_world(database=request.getfixturevalue("postgres_with_tables"))
    return make_world()
