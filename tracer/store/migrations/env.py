"""Run by Alembic with the connection that `tracer.store.migrate` hands over."""

from alembic import context

from tracer.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
