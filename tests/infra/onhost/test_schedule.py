"""Jobs that are repeated: when they begin."""

from infra.onhost.schedule import is_due


def test_the_first_look_only_begins_the_waiting(tmp_path):
    """A new host does not train twice at its start."""
    mark = tmp_path / "training.last"
    assert not is_due(mark, 3600, 1e10)
    assert mark.exists()


def test_it_is_due_once_in_each_interval(tmp_path):
    """Not a second before, once then, and again an interval later."""
    mark = tmp_path / "training.last"
    is_due(mark, 3600, 0)
    begun = mark.stat().st_mtime
    assert not is_due(mark, 3600, begun + 3599)
    assert is_due(mark, 3600, begun + 3600)
    again = mark.stat().st_mtime
    assert not is_due(mark, 3600, again + 1)
    assert is_due(mark, 3600, again + 3600)
