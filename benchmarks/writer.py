"""A process that commits small files to a branch: ``writer.py HOME DATABASE BRANCH NAME COUNT``.

It prints ``ready``, waits for a line, and prints in the end how many puts were refused by a
conflict and made again.
"""

from __future__ import annotations

import sys

from datavc import connect
from datavc.errors import Conflict


def main(home: str, database: str, branch: str, name: str, count: str) -> None:
    """Commit so many files."""
    refused = 0
    with connect(home=home, database=database or None, author=name) as client:
        client.resolve(f"data@{branch}")
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(int(count)):
            while True:
                try:
                    address = f"data@{branch}:/{name}/{number}.txt"
                    client.put(f"{name} {number}".encode(), address, message="more")
                except Conflict:
                    refused += 1
                else:
                    break
        print(refused, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
