"""An index for the few ties between what could take each other's place.

Revision: 0005
Follows: 0004
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_WHERE = sa.text("type IN ('alternative_to', 'exit_alternative')")


def upgrade() -> None:
    op.create_index("ix_edge_exchange", "edge", ["workspace_id", "to_ref"], unique=False, postgresql_where=_WHERE)


def downgrade() -> None:
    op.drop_index("ix_edge_exchange", table_name="edge", postgresql_where=_WHERE)
