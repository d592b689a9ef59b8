"""A command line for Oxen: ``init``, ``commit``, ``restore``, ``status``, ``branch``, ``switch``.

It runs in Oxen's own environment, and imports nothing of this project.
"""

from __future__ import annotations

import sys

from oxen import Repo


def main(command: str, *names: str) -> None:
    """Run one command in the current folder."""
    repo = Repo(".")
    if command == "init":
        from oxen.user import config_user

        config_user("bench", "bench@example.com")
        repo.init()
    elif command == "commit":
        repo.add(*names)
        repo.commit("commit")
    elif command == "restore":
        repo.restore(*names)
    elif command == "status":
        print(len(repo.status().unstaged_modified_files()))
    elif command == "branch":
        repo.checkout(*names, create=True)
    elif command == "switch":
        repo.checkout(*names)
    else:
        sys.exit(f"{command} is no command")


if __name__ == "__main__":
    main(*sys.argv[1:])
