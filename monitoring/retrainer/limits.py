"""What counts as drift: the retrainer measures by it, and alerts are made of it."""

from app.loop_limits import PSI_DRIFTED, PSI_WARN

__all__ = ["DRIFTED_AT_ONCE", "LEAST_WINDOW_ROWS", "PSI_DRIFTED", "PSI_WARN", "WINDOW_ROWS"]

LEAST_WINDOW_ROWS = 500
"""Without drift the PSI of so many rows stays below 0.05; that of 100 reaches 0.29."""
WINDOW_ROWS = 500
"""The newest served rows that are compared with the reference."""
DRIFTED_AT_ONCE = 2
"""So many features over `PSI_DRIFTED` start a retraining."""
