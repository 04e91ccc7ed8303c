"""Tickets of a customer"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FILLED = sa.text("customer_no IS NOT NULL")


def upgrade() -> None:
    op.create_index("ix_tickets_customer_no", "tickets", ["customer_no"], sqlite_where=FILLED, postgresql_where=FILLED)


def downgrade() -> None:
    op.drop_index("ix_tickets_customer_no", table_name="tickets")
