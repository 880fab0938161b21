"""What the brake on fraud asks for: how many codes come back from where."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "area",
        sa.Column("realm", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("whose", sa.String(length=16), nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("sent", sa.Float(), nullable=False),
        sa.Column("returned", sa.Float(), nullable=False),
        sa.Column("debt", sa.Float(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("stopped_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("realm", "name", "whose", "provider", name=op.f("pk_area")),
    )
    op.add_column("message", sa.Column("range", sa.String(length=16), nullable=True))
    op.add_column("message", sa.Column("whose", sa.String(length=16), nullable=True))
    op.add_column("message", sa.Column("awaited", sa.String(length=16), nullable=True))
    op.add_column("message", sa.Column("charges", sa.JSON(), nullable=True))
    op.add_column(
        "message",
        sa.Column("strange", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column("enrolment", sa.Column("answered_known", sa.BigInteger(), nullable=True))
    op.add_column("enrolment", sa.Column("answered_stranger", sa.BigInteger(), nullable=True))
    is_open = sa.text("awaited IN ('asked', 'carried')")
    op.create_index(
        op.f("ix_message_realm_created_at"),
        "message",
        ["realm", "created_at"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_message_realm_created_at"), "message")
    with op.batch_alter_table("message") as batch:
        batch.drop_column("strange")
        batch.drop_column("charges")
        batch.drop_column("awaited")
        batch.drop_column("whose")
        batch.drop_column("range")
    with op.batch_alter_table("enrolment") as batch:
        batch.drop_column("answered_stranger")
        batch.drop_column("answered_known")
    op.drop_table("area")
