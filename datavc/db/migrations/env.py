"""What Alembic runs to apply revisions: on the connection, and in the transaction, it was given."""

from __future__ import annotations

from alembic import context

from datavc.db.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
