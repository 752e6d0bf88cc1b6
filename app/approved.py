"""The feature code that this service runs when a model brings it along.

A model's features travel with it as a file of Python (ADR 6). Whoever can write to the artifact
store could put any code there, so only code whose SHA-256 stands here, and was therefore read by
a reviewer, is executed. Lines stay when code changes: older models can still be rolled back to.
"""

FEATURE_CODE = frozenset(
    {
        "b163ba03ad22d963a17a9f06b6954f9a4160c4da7fa8c11e8d0d178240ca4875",
        "c04a8b2ab1ed2d685cf03bd2b2c8acc980c45d2efcff9738f160ce773ba32fcf",
    }
)
