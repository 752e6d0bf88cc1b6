"""What the page asks Prometheus."""

from app.status import queries


def test_names_of_models_are_quoted():
    """A registered name is text, whatever stands in it."""
    name = 'a"} or up{x="\\'
    asked = queries.course(name)
    assert r'{model="a\"} or up{x=\"\\"}' in asked
    assert '{model="a"' not in asked


def test_each_series_is_told_apart():
    """By the figure that is put on it: the answer says what each value is of."""
    asked = queries.now() + queries.course("m")
    for figure in (queries.UP, queries.ERROR_SHARE, queries.PSI, *queries.COURSE):
        assert f'"figure", "{figure}"' in asked
