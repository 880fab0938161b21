"""What years of use ask for: ways that are suspended or take another's place, and obligations."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("enrolment", sa.Column("suspended_until", sa.BigInteger(), nullable=True))
    op.add_column("enrolment", sa.Column("succeeds", sa.String(length=32), nullable=True))
    op.create_table(
        "obligation",
        sa.Column("realm", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.LargeBinary(length=64), nullable=True),
        sa.Column("address_since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("realm", "subject", name=op.f("pk_obligation")),
    )


def downgrade() -> None:
    op.drop_table("obligation")
    with op.batch_alter_table("enrolment") as batch:
        batch.drop_column("succeeds")
        batch.drop_column("suspended_until")
