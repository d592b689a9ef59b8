"""The programs that are compared, one in a file."""

from benchmarks.programs.borg import Borg
from benchmarks.programs.datavc import Datavc, DatavcCopy, DatavcOnS3
from benchmarks.programs.dvc import Dvc
from benchmarks.programs.git import Git
from benchmarks.programs.git_lfs import GitLfs
from benchmarks.programs.oxen import Oxen
from benchmarks.programs.program import Comparing, Program, WorkingCopy
from benchmarks.programs.rclone import Rclone
from benchmarks.programs.restic import Restic, ResticOnS3

__all__ = [
    "PEERS", "Borg", "Comparing", "Datavc", "DatavcCopy", "DatavcOnS3", "Dvc", "Git", "GitLfs",
    "Oxen", "Program", "Rclone", "Restic", "ResticOnS3", "WorkingCopy",
]  # fmt: skip

PEERS: tuple[type[Program] | type[Rclone], ...] = (
    Git, GitLfs, Dvc, Oxen, Restic, Borg, Rclone,
)  # fmt: skip
