"""The tables. Generic on purpose: a new factor or carrier needs no migration.

Times are whole microseconds since 1970 in UTC, odds whole trillionths, ids text of 128 random
bits. What is called sealed is encrypted before it gets here (`core.vault`). The subject's ledger
rows serve as its lock: see docs/decisions/0003. Indexes over some rows alone are in
`partial_indexes`.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    and_,
    false,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite grows a key by itself only where its type is spelled INTEGER.
_SERIAL = BigInteger().with_variant(Integer, "sqlite")

installation = Table(
    "installation",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("development", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

enrolment = Table(
    "enrolment",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("realm", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("factor", String(64), nullable=False),
    Column("is_primary", Boolean, nullable=False),
    Column("status", String(16), nullable=False),
    Column("label", Text, nullable=False),
    Column("state", JSON, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),
    Column("preferred", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("confirmed_at", BigInteger),
    Column("last_used_at", BigInteger),
    Column("failures_known", Integer, nullable=False),
    Column("failures_stranger", Integer, nullable=False),
    Column("answered_known", BigInteger),
    Column("answered_stranger", BigInteger),
    Column("suspended_until", BigInteger),
    Column("succeeds", String(32)),
    # All that a signed-in request asks of it, so that the index alone answers.
    Index(None, "realm", "subject", "status", "is_primary"),
)

passage = Table(
    "passage",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("realm", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("lane", String(16), nullable=False),
    Column("token_hash", LargeBinary(32), nullable=False, unique=True),
    Column("identity_hash", LargeBinary(32), nullable=False),
    Column("browser_hash", LargeBinary(32)),
    Column("password_stamp", LargeBinary(64)),
    Column("parked", LargeBinary),
    Column("contact", LargeBinary),
    Column("remembered", Boolean, nullable=False),
    Column("proofs", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("granted_at", BigInteger),
    Column("proven_at", BigInteger),
    Column("seen_at", BigInteger),
    # A right answer changes most of a passage, and pays for every index it touches: what only
    # clearing out asks for has none.
    Index(None, "realm", "subject"),
)

challenge = Table(
    "challenge",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("passage_id", ForeignKey("passage.id", ondelete="CASCADE"), nullable=False, index=True),
    Column(
        "enrolment_id", ForeignKey("enrolment.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("realm", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("spent", BigInteger, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("sends", Integer, nullable=False),
    Column("salt", LargeBinary(16), nullable=False),
    Column("key_version", Integer, nullable=False),
    Column("memo", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

ledger = Table(
    "ledger",
    metadata,
    Column("realm", String(64), primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("lane", String(16), primary_key=True),
    Column("spent", BigInteger, nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("failed_at", BigInteger),
    Column("told_at", BigInteger),
)

source = Table(
    "source",
    metadata,
    Column("realm", String(64), primary_key=True),
    Column("address", String(64), primary_key=True),
    Column("failures", Float, nullable=False),
    Column("as_of", BigInteger, nullable=False),
)

tally = Table(
    "tally",
    metadata,
    Column("realm", String(64), primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("level", Float, nullable=False),
    Column("as_of", BigInteger, nullable=False),
)

obligation = Table(
    "obligation",
    metadata,
    Column("realm", String(64), primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("address", LargeBinary(64)),
    Column("address_since", BigInteger, nullable=False),
    Column("sealed_address", LargeBinary),
)

message = Table(
    "message",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("realm", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("text", String(64), nullable=False),
    Column("destination", LargeBinary, nullable=False),
    Column("locale", String(16), nullable=False),
    Column("details", JSON, nullable=False),
    Column("challenge_id", String(32)),
    Column("status", String(16), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("not_after", BigInteger, nullable=False),
    Column("due_at", BigInteger),
    Column("claimed_until", BigInteger),
    Column("range", String(16)),
    Column("whose", String(16)),
    Column("awaited", String(16)),
    Column("strange", Boolean, nullable=False, server_default=false()),
    Column("charges", JSON),
    Index(None, "status", "due_at"),
)

# What was sent to numbers that begin alike, and what came back: for strangers and for new numbers
# by all carriers, or by one carrier for both. The counts fade with time.
area = Table(
    "area",
    metadata,
    Column("realm", String(64), primary_key=True),
    Column("name", String(16), primary_key=True),
    Column("whose", String(16), primary_key=True),
    Column("provider", String(64), primary_key=True),
    Column("sent", Float, nullable=False),
    Column("returned", Float, nullable=False),
    Column("debt", Float, nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("stopped_until", BigInteger),
)

# Each hand-over to a carrier, written down before it is made: what a crash cut short shows as
# started. `receipt` is the carrier's own words, sealed.
delivery_try = Table(
    "delivery_try",
    metadata,
    Column("id", _SERIAL, primary_key=True, autoincrement=True),
    Column("message_id", String(32), nullable=False, index=True),
    Column("realm", String(64), nullable=False),
    Column("provider", String(64), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("milliseconds", Integer),
    Column("carrier_id", Text),
    Column("fate", String(16)),
    Column("fate_at", BigInteger),
    Column("receipt", LargeBinary),
    Index(None, "realm", "at"),
)

# A verification that a carrier makes and checks itself: it has one for each number, so we do too.
hosted = Table(
    "hosted",
    metadata,
    Column("realm", String(64), primary_key=True),
    Column("provider", String(64), primary_key=True),
    Column("address", String(32), primary_key=True),
    Column("challenge_id", String(32), nullable=False, index=True),
    Column("generation", Integer, nullable=False),
    Column("carrier_id", Text, nullable=False),
    Column("owned", Boolean, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
)

event = Table(
    "event",
    metadata,
    Column("id", _SERIAL, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("realm", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("name", String(64), nullable=False),
    Column("address", String(64), nullable=False),
    Column("agent", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Index(None, "realm", "subject", "at"),
)


def of_subject(table: Table, realm: str, subject: str) -> ColumnElement[bool]:
    """Say in SQL that a row is of one subject."""
    return and_(table.c.realm == realm, table.c.subject == subject)
