"""Faults, differences and drift of plain values."""

from hypothesis import given
from hypothesis import strategies as st

from infra.local.provider.properties import (
    Property,
    changes,
    faults,
    observed,
    with_defaults,
)
from infra.local.provider.validators import any_network, same_members
from infra.local.provider.values import UNKNOWN

INPUTS = {
    "cidr": Property(required=True, replaces=True, check=any_network),
    "count": Property(int),
    "flag": Property(bool, default=False),
    "zone": Property(computed=True, replaces=True),
    "groups": Property(list, computed=True, same=same_members),
    "tags": Property(dict),
    "disk": Property(
        dict,
        computed=True,
        shape={
            "size": Property(int, computed=True),
            "encrypted": Property(bool, computed=True, replaces=True),
        },
    ),
    "rules": Property(list, shape={"algorithm": Property(required=True), "key": Property()}),
}

GIVEN = st.fixed_dictionaries(
    {"cidr": st.just("10.0.0.0/16")},
    optional={
        "count": st.integers(0, 9),
        "flag": st.booleans(),
        "zone": st.sampled_from(["a", "b"]),
        "groups": st.lists(st.sampled_from(["x", "y"])),
        "tags": st.dictionaries(st.sampled_from(["k", "l"]), st.text(max_size=3)),
        "disk": st.fixed_dictionaries({}, optional={"size": st.integers(1, 9)}),
    },
)


def difference(old, new):
    return {c.path: c.replaces for c in changes(INPUTS, old, new)}


def reasons(given):
    return {fault.path: fault.reason for fault in faults(INPUTS, given)}


@given(GIVEN)
def test_nothing_differs_from_itself(given):
    """What was given is what is wanted."""
    filled = with_defaults(INPUTS, given)
    assert difference(filled, filled) == {}
    assert observed(INPUTS, filled, filled) == filled


@given(GIVEN)
def test_without_drift_the_inputs_stay_as_they_were_given(given):
    """What AWS tells beyond what was asked for, where it may choose, is no drift."""
    filled = with_defaults(INPUTS, given)
    chosen = {"zone": "c", "groups": ["z"], "disk": {"size": 8, "encrypted": True}}
    told = {**chosen, **filled, "disk": {**chosen["disk"], **filled.get("disk", {})}}
    assert observed(INPUTS, filled, told) == filled
    assert difference(told, filled) == {}


def test_every_fault_is_named():
    """Missing, unknown, of the wrong kind, refused by AWS, nested: all at once."""
    given = {
        "count": "three",
        "flag": 1,
        "colour": "red",
        "disk": {"form": "round"},
        "rules": [{"algorithm": "x"}, {"key": 1}],
    }
    assert reasons(given) == {
        "cidr": "is required, and is missing",
        "count": "must be a whole number, and is str",
        "flag": "must be true or false, and is int",
        "colour": "is not covered by the embedded AWS provider",
        "disk.form": "is not covered by the embedded AWS provider",
        "rules[1].algorithm": "is required, and is missing",
        "rules[1].key": "must be text, and is int",
    }
    assert "host bits" in reasons({"cidr": "10.0.0.1/8"})["cidr"]


def test_unknown_values_are_taken_for_good():
    """A preview judges what it knows."""
    assert reasons({"cidr": UNKNOWN, "tags": {"k": UNKNOWN}, "groups": [UNKNOWN]}) == {}


def test_a_change_says_where_and_whether_it_replaces():
    """The deepest path is named; a replacing property replaces within its object too."""
    old = {"cidr": "10.0.0.0/16", "disk": {"size": 8, "encrypted": False}, "tags": {"k": "v"}}
    new = {"cidr": "10.1.0.0/16", "disk": {"size": 9, "encrypted": True}, "tags": {"k": "w"}}
    assert difference(old, new) == {
        "cidr": True,
        "disk.size": False,
        "disk.encrypted": True,
        'tags["k"]': False,
    }


def test_leaving_out_is_no_change_only_where_aws_may_choose():
    """A computed property stays as it is; another one is taken away."""
    old = {"cidr": "10.0.0.0/16", "zone": "a", "count": 2}
    assert difference(old, {"cidr": "10.0.0.0/16"}) == {"count": False}


def test_an_unknown_value_is_a_change():
    """What will only be known later may replace."""
    assert difference({"cidr": "10.0.0.0/16"}, {"cidr": UNKNOWN}) == {"cidr": True}


def test_order_is_no_difference_where_aws_keeps_none():
    """Security groups come back in any order."""
    old, new = {"groups": ["a", "b"]}, {"groups": ["b", "a"]}
    assert difference(old, new) == {}
    assert observed(INPUTS, new, old)["groups"] == ["b", "a"]


def test_objects_are_told_apart_by_what_names_them():
    """A list that AWS returns in another order is the same; another member is not."""
    entry = {"number": Property(int, required=True), "port": Property(int)}
    inputs = {"entries": Property(list, shape=entry, by="number")}
    one, two = {"number": 1, "port": 80}, {"number": 2, "port": 443}
    assert list(changes(inputs, {"entries": [one, two]}, {"entries": [two, one]})) == []
    other = {"entries": [{**two, "port": 22}, one]}
    assert [c.path for c in changes(inputs, {"entries": [one, two]}, other)] == ["entries"]
    seen = observed(inputs, {"entries": [two, one]}, {"entries": [one, two]})
    assert seen == {"entries": [two, one]}


def test_drift_is_what_was_not_asked_for():
    """A changed value, one added to what was left out; not what AWS may choose itself."""
    given = {"cidr": "10.0.0.0/16", "flag": False}
    real = {"cidr": "10.0.0.0/16", "flag": True, "count": 3, "zone": "a", "tags": {}}
    assert observed(INPUTS, given, real) == {"cidr": "10.0.0.0/16", "flag": True, "count": 3}


def test_an_import_takes_all_that_there_is():
    """Also what AWS chose, so that a program can be written from it; defaults for the rest."""
    real = {"cidr": "10.0.0.0/16", "zone": "a", "disk": {"size": 8}, "tags": {}}
    imported = {"cidr": "10.0.0.0/16", "zone": "a", "disk": {"size": 8}, "flag": False}
    assert observed(INPUTS, {}, real, importing=True) == imported
