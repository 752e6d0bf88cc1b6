"""The tables; the migrations lead to exactly these, and a test compares them.

Times are seconds since 1970 (UTC), as the journal has them. Tokens are kept as SHA-256 only: they
are random enough that nobody can guess them from it.
"""

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("password_hash", String(200), nullable=False),
    Column("scopes", String(100), nullable=False),
    Column("created_at", Double, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("label", String(64), nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("scopes", String(100), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
)

invitations = Table(
    "invitations",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    # No foreign key: the operator, who has no row among the users, invites too.
    Column("made_by", Integer),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
)

login_attempts = Table(
    "login_attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    # A kind and what it is of: a name or an address.
    Column("subject", String(120), nullable=False),
    Column("at", Double, nullable=False),
    Index(None, "subject", "at"),
)

predictions = Table(
    "predictions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("at", Double, nullable=False, index=True),
    Column("model", String, nullable=False),
    Column("version", String, nullable=False),
    Column("run_id", String, nullable=False),
    # 64-bit floats, row after row; as many columns as the model's schema has.
    Column("rows", LargeBinary, nullable=False),
    Column("predictions", LargeBinary, nullable=False),
    Column("row_count", Integer, nullable=False),
    Column("latency_s", Double, nullable=False),
    # No foreign key: what was acknowledged is kept, whoever has gone since.
    Column("user_id", Integer),
    Index(None, "user_id", "at"),
    Index(None, "model", "at"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("prediction_id", ForeignKey("predictions.id", ondelete="CASCADE"), primary_key=True),
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("predicted", Double, nullable=False),
    Column("actual", Double, nullable=False),
    Column("at", Double, nullable=False, index=True),
    Column("user_id", Integer),
)

retrainings = Table(
    "retrainings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("model", String, nullable=False),
    Column("at", Double, nullable=False),
    Column("trigger", String(300), nullable=False),
    # When the alert began, where one asked for it.
    Column("alert_at", Double),
    Column("recipe", String),
    Column("tries", Integer, nullable=False),
    Column("stage", String(20), nullable=False),
    # Feedback told after this moment is not in it.
    Column("collected_at", Double),
    Column("labelled", Integer),
    Column("version", String),
    Column("experiment_id", String),
    Column("run_id", String),
    # When the API was first seen to serve the version.
    Column("served_at", Double),
    Column("ended_at", Double),
    Column("outcome", String(20)),
    Column("reason", String(1000), nullable=False),
    Index(None, "model", "outcome"),
    # Of each model at most one that has not ended.
    Index(
        "uq_retrainings_unfinished",
        "model",
        unique=True,
        sqlite_where=text("outcome IS NULL"),
        postgresql_where=text("outcome IS NULL"),
    ),
)
