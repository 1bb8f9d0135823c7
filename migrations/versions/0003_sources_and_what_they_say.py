"""Sources, their runs, and what each says of an asset.

Revision: 0003
Follows: 0002
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "scan_source",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("connector", sa.String(length=40), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("every_seconds", sa.Integer(), nullable=True),
        sa.Column("cron", sa.String(length=100), nullable=True),
        sa.Column("include", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("exclude", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("aliases", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reach", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("stale_after", sa.Integer(), nullable=False),
        sa.Column("remove_after", sa.Integer(), nullable=False),
        sa.Column("time_limit_seconds", sa.Integer(), nullable=False),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_scan_source_workspace_id_workspace")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan_source")),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_scan_source_workspace_id_name")),
    )
    op.create_index(
        "ix_scan_source_due",
        "scan_source",
        ["next_due_at"],
        unique=False,
        postgresql_where=sa.text("enabled AND next_due_at IS NOT NULL"),
    )
    op.create_table(
        "statement",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("ref", sa.String(length=220), nullable=False),
        sa.Column("origin", sa.String(length=100), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("part", sa.String(), nullable=True),
        sa.Column("object", sa.String(), nullable=True),
        sa.Column("seen_run", sa.Uuid(), nullable=True),
        sa.Column("aged_run", sa.Uuid(), nullable=True),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("stale_since", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_statement_workspace_id_workspace")),
        sa.PrimaryKeyConstraint("workspace_id", "ref", "origin", name=op.f("pk_statement")),
    )
    # Every rescan touches every row of a source: room on the page keeps that from growing the indexes.
    op.execute("ALTER TABLE statement SET (fillfactor = 80)")
    op.create_index("ix_statement_origin", "statement", ["workspace_id", "origin", "ref"], unique=False)
    op.create_table(
        "scan_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("mode", sa.String(length=10), nullable=False),
        sa.Column("interactive", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("requested_by", sa.String(length=220), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("leased_by", sa.String(length=120), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("expected", sa.BigInteger(), nullable=True),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("unchanged", sa.BigInteger(), nullable=False),
        sa.Column("outside", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("noted", sa.BigInteger(), nullable=False),
        sa.Column("stale", sa.BigInteger(), nullable=False),
        sa.Column("removed", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("preview", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["scan_source.id"], name=op.f("fk_scan_run_source_id_scan_source"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_scan_run_workspace_id_workspace")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan_run")),
    )
    op.create_index("ix_scan_run_listing", "scan_run", ["workspace_id", "id"], unique=False)
    op.create_index("ix_scan_run_of_source", "scan_run", ["source_id", "id"], unique=False)
    op.create_index(
        "ix_scan_run_open",
        "scan_run",
        ["leased_until"],
        unique=False,
        postgresql_where=sa.text("status IN ('waiting', 'running')"),
    )
    op.create_index(
        "uq_scan_run_open",
        "scan_run",
        ["source_id", "mode"],
        unique=True,
        postgresql_where=sa.text("status IN ('waiting', 'running')"),
    )
    op.create_table(
        "scan_part",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("expected", sa.BigInteger(), nullable=True),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("noted", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["scan_run.id"], name=op.f("fk_scan_part_run_id_scan_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "part", name=op.f("pk_scan_part")),
    )
    op.create_table(
        "scan_problem",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("object", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["scan_run.id"], name=op.f("fk_scan_problem_run_id_scan_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("pk_scan_problem")),
    )
    op.add_column("asset", sa.Column("stale_since", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("asset", "stale_since")
    op.drop_table("scan_problem")
    op.drop_table("scan_part")
    op.drop_index(
        "uq_scan_run_open", table_name="scan_run", postgresql_where=sa.text("status IN ('waiting', 'running')")
    )
    op.drop_index(
        "ix_scan_run_open", table_name="scan_run", postgresql_where=sa.text("status IN ('waiting', 'running')")
    )
    op.drop_index("ix_scan_run_of_source", table_name="scan_run")
    op.drop_index("ix_scan_run_listing", table_name="scan_run")
    op.drop_table("scan_run")
    op.drop_index("ix_statement_origin", table_name="statement")
    op.drop_table("statement")
    op.drop_index(
        "ix_scan_source_due", table_name="scan_source", postgresql_where=sa.text("enabled AND next_due_at IS NOT NULL")
    )
    op.drop_table("scan_source")
