"""The models: how each is fitted, saved and opened again."""

import sys

# XGBoost imports scikit-learn when it can, and with it pandas and scipy.stats: three seconds for
# wrappers that nothing here calls.
if "sklearn" not in sys.modules:
    sys.modules["sklearn"] = None  # type: ignore[assignment]  # "cannot be imported"
    try:
        import xgboost  # noqa: F401
    finally:
        del sys.modules["sklearn"]
