"""The folder in which the workers of one server keep their metrics."""

import os
import subprocess

import pytest

from app.shared_metrics import forget_dead_workers, shared_folder


def ended() -> int:
    """Return the number of a process that is gone."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_workers_of_one_server_share_a_folder(tmp_path):
    """Asked again by the same server's worker, it is the same folder, with what is in it."""
    base = tmp_path / "metrics"
    folder = shared_folder(base)
    (folder / "counter_1.db").touch()
    assert shared_folder(base) == folder
    assert (folder / "counter_1.db").exists()
    assert base.stat().st_mode & 0o777 == 0o700


def test_folders_of_dead_servers_are_removed(tmp_path):
    """What a dead server left goes, also where its number is in use again; the living's stays."""
    base = tmp_path / "metrics"
    living = shared_folder(base)
    for name in (f"{ended()}-123", f"{os.getppid()}-1", "strange"):
        (base / name).mkdir()
    shared_folder(base)
    assert list(base.iterdir()) == [living]


def test_folder_of_somebody_else_is_not_used(tmp_path):
    """A link in the folder's place, which another user may have put there, is refused."""
    (tmp_path / "metrics").symlink_to(tmp_path)
    with pytest.raises(OSError, match="is not a folder of this user's"):
        shared_folder(tmp_path / "metrics")


def test_the_dead_say_nothing_of_the_present(tmp_path):
    """A dead worker's memory is forgotten; its counts and the living's memory are not."""
    dead, alive = ended(), os.getpid()
    kept = {f"counter_{dead}.db", f"gauge_livesum_{alive}.db"}
    for name in (*kept, f"gauge_livesum_{dead}.db"):
        (tmp_path / name).touch()
    forget_dead_workers(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == kept
