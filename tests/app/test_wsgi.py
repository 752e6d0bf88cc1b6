"""The process as its server imports it."""

import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
HEAVY = ("mlflow", "xgboost", "onnxruntime", "pandas", "scipy", "sklearn")


def test_start_imports_nothing_heavy(tmp_path):
    """A worker listens before any model library is imported, and without a registry."""
    loaded = f"[name for name in {HEAVY} if sys.modules.get(name)]"
    program = f"import sys, app.wsgi; print({loaded}, app.wsgi.app.name)"
    settings = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "DATA_DIR": str(tmp_path)}
    hook = {"MODEL_HOOK_URL": "http://127.0.0.1:5001/models/hook"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=CHECKOUT,
        env=os.environ | settings | hook,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "[] app\n"), done.stderr
    assert (tmp_path / "models" / "hook-secret").exists()
