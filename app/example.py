"""The one request that README, index page and tests show."""

from typing import Any

EXAMPLE_BODY: dict[str, Any] = {
    "features": [[8.3252, 41, 6.9841, 1.023810, 322, 2.5556, 37.88, -122.23]]
}
"""A district in Berkeley, the data's first; its true price is 4.526 (100,000 USD)."""
