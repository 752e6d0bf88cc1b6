"""The feature code that this service runs when a model brings it along.

A model's features travel with it as a file of Python (ADR 6). Whoever can write to the artifact
store could put any code there, so only code whose SHA-256 stands here, and was therefore read by
a reviewer, is executed. Lines stay when code changes: older models can still be rolled back to.
"""

FEATURE_CODE = frozenset(
    {
        "3d12cdeab56aacf578c0ef106f0d8bb2026fbcd4e7e3d1578dc94e793efb5ebe",
        "c04a8b2ab1ed2d685cf03bd2b2c8acc980c45d2efcff9738f160ce773ba32fcf",
    }
)
