"""Shows points in time to people and programs."""

from datetime import UTC, datetime


def iso(at: float) -> str:
    """Return seconds since 1970 as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
