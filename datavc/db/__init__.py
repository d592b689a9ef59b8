"""The database: tables, sessions, migrations, and one module of named queries per noun.

Query functions take a SQLAlchemy connection first, from :meth:`Database.read` or
:meth:`Database.write`, and run in its transaction; those that write need one from ``write``.
Times are microseconds since the Unix epoch. Nothing here knows the store.
"""
