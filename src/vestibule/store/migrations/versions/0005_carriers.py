"""What carriers ask for: every try at a delivery, and the verifications that are theirs."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_index(
        op.f("ix_message_challenge_id"),
        "message",
        ["challenge_id"],
        sqlite_where=sa.text("challenge_id IS NOT NULL"),
        postgresql_where=sa.text("challenge_id IS NOT NULL"),
    )
    op.create_table(
        "delivery_try",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=False),
        sa.Column("realm", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=True),
        sa.Column("carrier_id", sa.Text(), nullable=True),
        sa.Column("fate", sa.String(length=16), nullable=True),
        sa.Column("fate_at", sa.BigInteger(), nullable=True),
        sa.Column("receipt", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_try")),
    )
    op.create_index(op.f("ix_delivery_try_message_id"), "delivery_try", ["message_id"])
    op.create_index(op.f("ix_delivery_try_realm_at"), "delivery_try", ["realm", "at"])
    op.create_table(
        "hosted",
        sa.Column("realm", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=32), nullable=False),
        sa.Column("challenge_id", sa.String(length=32), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("carrier_id", sa.Text(), nullable=False),
        sa.Column("owned", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("realm", "provider", "address", name=op.f("pk_hosted")),
    )
    op.create_index(op.f("ix_hosted_challenge_id"), "hosted", ["challenge_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_message_challenge_id"), "message")
    op.drop_table("hosted")
    op.drop_table("delivery_try")
