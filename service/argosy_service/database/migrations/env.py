"""Runs the migrations on the connection that ``argosy_service.database.schema`` hands over."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
