"""What is served at one moment, and what a request finds in it."""

from dataclasses import replace

from app.models import Followed, Snapshot, ranked
from tests.app.fakes import MODEL


def test_default_is_first_and_the_others_follow_by_name():
    """The order in which memory is given depends on names alone."""
    assert ranked({"b", "c", "a"}, "c") == ["c", "a", "b"]
    assert ranked({"b", "a"}, "c") == ["a", "b"]


def test_columns_of_two_models_name_neither():
    """Two models with the same columns, in whatever order, are told apart by name only."""
    turned = replace(MODEL.schema, columns=tuple(reversed(MODEL.schema.columns)))
    other = replace(MODEL, name="other", schema=turned)
    columns = frozenset(MODEL.schema.names)
    alone = Snapshot.of(MODEL.name, [Followed(MODEL.name, model=MODEL), Followed("other")])
    assert alone.by_columns == {columns: MODEL}
    for count in (1, 2):
        more = [Followed(f"other{at}", model=other) for at in range(count)]
        both = Snapshot.of(MODEL.name, [Followed(MODEL.name, model=MODEL), *more])
        assert both.by_columns == {columns: None}
        assert both.named("other0") is other


def test_stale_is_what_is_served_although_something_is_wrong():
    """Without a model nothing is stale, and without a problem neither."""
    assert Followed("m", model=MODEL, problem="down").stale
    assert not Followed("m", model=MODEL).stale
    assert not Followed("m", problem="down").stale
