"""Makes the index that finds a model's newest predictions among those of all models."""

from alembic import op

revision = "recent_predictions"
down_revision = "retrainings"


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_predictions_model_at", "predictions", ["model", "at"])
