"""``python -m datavc.db.migrations``: which revision a database has, and rolling it back.

For going back to an older datavc, which refuses a database that a newer one has migrated.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import closing
from pathlib import Path

from datavc.db.migrations.upgrade import roll_back
from datavc.db.schema_version import REVISIONS, current_revision
from datavc.db.session import Database
from datavc.errors import DatavcError, NotFound


def main() -> int:
    """Run the command; gives its exit code."""
    arguments = _parse()
    try:
        with closing(Database.open_as_it_is(_address())) as database:
            if arguments.to is not None:
                with database.write() as connection:
                    roll_back(connection, arguments.to)
            with database.read() as connection:
                found = current_revision(connection)
        print(f"the database is at revision {found}; this datavc works on {REVISIONS[-1]}")
    except DatavcError as error:
        print(f"datavc: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        return 1
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m datavc.db.migrations",
        description="Say which revision the database of DATAVC_DATABASE or DATAVC_HOME has.",
    )
    parser.add_argument(
        "--to",
        metavar="REVISION",
        help="roll it back to this one first; what only later ones have tables for is lost",
    )
    return parser.parse_args()


def _address() -> str:
    given = os.environ.get("DATAVC_DATABASE")
    if given:
        return given
    file = Path(os.environ.get("DATAVC_HOME") or "~/.datavc").expanduser() / "datavc.db"
    if not file.exists():
        raise NotFound(f"there is no database {file}", hint="set DATAVC_HOME or DATAVC_DATABASE")
    return f"sqlite:///{file}"


if __name__ == "__main__":
    sys.exit(main())
