"""A local folder that is put again and again, whatever happens between: nothing is missed.

What is remembered of the folder saves reading unchanged files. So the model is what a put without
any memory would leave on the branch: the folder's files over what was there.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import datavc
from datavc.errors import LostRace, NothingStaged
from datavc.versioning import stat_cache

PATHS = st.sampled_from(["a", "a.b", "a-b/c", "b/x", "b-c", "b/y/z", "b/y.z", "é"])
DATA = st.sampled_from([b"", b"1", b"2", b"33"])
#: Small numbers of branches and folders, so that what belongs to one meets the other.
BRANCHES = st.sampled_from(["main", "dev"])

Files = dict[str, tuple[bytes, bool]]


class FolderMachine(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="datavc-folder-"))
        self.folder = self.home / "source"
        self.folder.mkdir()
        # Times are set by hand, each a new one, so that all of them may be trusted.
        self.trust = mock.patch.object(stat_cache, "_UNSETTLED_NS", -(10**18))
        self.trust.start()
        self.clock = 10**18
        self.client = datavc.connect(home=self.home / "home", author="ann")
        self.client.create_repo("data")
        self.client.create_branch("data", "dev")
        self.local: Files = {}
        self.committed: dict[str, Files] = {"main": {}, "dev": {}}
        self.staged: dict[str, Files] = {"main": {}, "dev": {}}

    def teardown(self) -> None:
        if hasattr(self, "client"):
            self.client.close()
            self.trust.stop()
            shutil.rmtree(self.home)

    @rule(path=PATHS, data=DATA, executable=st.booleans())
    def write(self, path: str, data: bytes, executable: bool) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        file.chmod(0o755 if executable else 0o644)
        self.clock += 1
        os.utime(file, ns=(self.clock, self.clock))
        self.local[path] = (data, executable)

    @rule(path=PATHS)
    def remove(self, path: str) -> None:
        (self.folder / path).unlink(missing_ok=True)
        self.local.pop(path, None)

    @rule(branch=BRANCHES)
    def put_and_commit(self, branch: str) -> None:
        self.client.put(
            f"{self.folder}/", f"data@{branch}:/", recursive=True, message="m", run=False
        )
        self.committed[branch] |= self.local

    @rule(branch=BRANCHES)
    def put_and_stage(self, branch: str) -> None:
        self.client.put(f"{self.folder}/", f"data@{branch}:/", recursive=True)
        held = self.committed[branch] | self.staged[branch]
        self.staged[branch] |= {
            path: file for path, file in self.local.items() if held.get(path) != file
        }

    @rule(branch=BRANCHES)
    def put_that_fails_to_land(self, branch: str) -> None:
        lost = LostRace("others were faster")
        with mock.patch.object(self.client.transport, "commit", side_effect=lost):
            try:
                self.client.put(f"{self.folder}/", f"data@{branch}:/", recursive=True, message="m")
            except LostRace:
                return
        assert self.committed[branch] | self.local == self.committed[branch]

    @rule(branch=BRANCHES, path=PATHS, data=DATA)
    def somebody_else_commits(self, branch: str, path: str, data: bytes) -> None:
        self.client.put(data, f"data@{branch}:/{path}", message="theirs", run=False)
        self.committed[branch][path] = (data, False)

    @rule(branch=BRANCHES)
    def commit(self, branch: str) -> None:
        before, after = self.committed[branch], self.committed[branch] | self.staged[branch]
        if before == after:
            with pytest.raises(NothingStaged):
                self.client.commit(f"data@{branch}", "m", run=False)
        else:
            self.client.commit(f"data@{branch}", "m", run=False)
            self.committed[branch] = after
            self.staged[branch] = {}

    @invariant()
    def the_branches_hold_what_they_should(self) -> None:
        if not hasattr(self, "client"):
            return
        for branch, files in self.committed.items():
            if not files:
                continue
            found = {
                info.path.lstrip("/"): (
                    self.client.read(f"data@{branch}:/{info.path.lstrip('/')}"),
                    info.executable,
                )
                for info in self.client.ls(f"data@{branch}:/", recursive=True)
                if not info.is_folder
            }
            assert found == files


TestFolder = FolderMachine.TestCase
TestFolder.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
