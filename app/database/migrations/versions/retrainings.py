"""Makes the table of retrainings."""

import sqlalchemy as sa
from alembic import op

revision = "retrainings"
down_revision = "first_tables"


def upgrade() -> None:
    """Make the table and its index."""
    op.create_table(
        "retrainings",
        sa.Column("id", sa.Integer),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("trigger", sa.String(300), nullable=False),
        sa.Column("alert_at", sa.Double),
        sa.Column("recipe", sa.String),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("stage", sa.String(20), nullable=False),
        sa.Column("collected_at", sa.Double),
        sa.Column("labelled", sa.Integer),
        sa.Column("version", sa.String),
        sa.Column("experiment_id", sa.String),
        sa.Column("run_id", sa.String),
        sa.Column("served_at", sa.Double),
        sa.Column("ended_at", sa.Double),
        sa.Column("outcome", sa.String(20)),
        sa.Column("reason", sa.String(1000), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_retrainings"),
    )
    op.create_index("ix_retrainings_model_outcome", "retrainings", ["model", "outcome"])
    op.create_index(
        "uq_retrainings_unfinished",
        "retrainings",
        ["model"],
        unique=True,
        sqlite_where=sa.text("outcome IS NULL"),
        postgresql_where=sa.text("outcome IS NULL"),
    )
