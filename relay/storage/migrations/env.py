"""What Alembic runs; the connection comes from relay/storage/migrate.py."""

from alembic import context

from relay.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
