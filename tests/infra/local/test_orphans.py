"""A plugin that is started through the watcher runs as itself and ends with its engine."""

import os
import subprocess
import sys
from pathlib import Path

import psutil

CHECKOUT = Path(__file__).parents[3]
WATCHED = [sys.executable, "-m", "infra.local.orphans", "plugin"]


def start(folder, text, *around):
    (folder / "plugin.py").write_text(text)
    path = os.pathsep.join([str(CHECKOUT), str(folder)])
    return subprocess.Popen(
        [*around, *WATCHED, "127.0.0.1:1"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )


def test_the_module_sees_its_own_name_and_arguments(tmp_path):
    """It runs as under `python -m`, with the engine's address as its last argument."""
    process = start(tmp_path, "import sys; print(__name__, sys.argv[0], sys.argv[1:])")

    said, _ = process.communicate()

    assert said.strip() == f"__main__ {tmp_path / 'plugin.py'} ['127.0.0.1:1']"


def test_it_ends_with_its_engine(tmp_path):
    """A killed engine leaves no plugin behind."""
    text = "import time; print('up', flush=True); time.sleep(600)"
    engine = start(tmp_path, text, "sh", "-c", '"$@" & wait', "sh")
    assert engine.stdout.readline() == "up\n"
    (plugin,) = psutil.Process(engine.pid).children()

    engine.kill()

    assert psutil.wait_procs([plugin], timeout=30)[1] == []
    engine.communicate()
