"""Alembic's environment: one advisory lock, so that two starting processes do not migrate at once."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, Engine, text
from sqlmodel import AutoString

from service.foundation import database
from service.tables import METADATA

# "allod" as a number: every process that migrates asks for this lock first.
MIGRATION_LOCK = 0x616C6C6F64


def _plain(kind: str, item: Any, _: AutogenContext) -> str | Literal[False]:
    """Writes SQLModel's string type as SQLAlchemy's, so that a migration needs no SQLModel."""
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return False


def _run(connection: Connection) -> None:
    # A session lock on its own connection state: it must outlive the transactions of the single migrations.
    connection.execute(text("SET lock_timeout = '60s'"))
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
    connection.execute(text("SET lock_timeout = '10s'"))
    connection.execute(text("SET statement_timeout = '15min'"))
    connection.commit()
    try:
        context.configure(
            connection=connection,
            target_metadata=METADATA,
            compare_type=True,
            compare_server_default=False,
            transaction_per_migration=True,
            render_item=_plain,
        )
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
        connection.execute(text("RESET lock_timeout"))
        connection.execute(text("RESET statement_timeout"))
        connection.commit()


given = context.config.attributes.get("connection")
if isinstance(given, Connection):
    _run(given)
else:
    bind = given if isinstance(given, Engine) else database.engine()
    with bind.connect() as own:
        _run(own)
