"""Files are put in place whole, with the mode that they are to have."""

import stat

import pytest

from infra.local import files


def test_a_failed_writer_leaves_the_old_file(tmp_path):
    """A reader never sees half a file."""
    path = tmp_path / "env"
    path.write_text("old")

    def fail(new):
        new.write_text("half")
        (new / "below a file").touch()

    with pytest.raises(NotADirectoryError):
        files.replace(path, fail)

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_mode_is_the_one_asked_for(tmp_path):
    """A secret is its owner's alone."""
    files.write(tmp_path / "secret", "x", 0o600)

    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_a_link_is_moved_to_a_new_program(tmp_path):
    """What was linked before gives way, and the program itself is untouched."""
    for name in ("old", "new"):
        (tmp_path / name).write_text(name)
    files.link(tmp_path / "link", tmp_path / "old")

    files.link(tmp_path / "link", tmp_path / "new")

    assert (tmp_path / "link").read_text() == "new"
    assert (tmp_path / "old").read_text() == "old"
