"""Plain values and the engine's."""

from hypothesis import given
from hypothesis import strategies as st
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime import rpc

from infra.local.provider.values import UNKNOWN, is_known, plain_map, secret_names, wire_map

LEAVES = st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.just(UNKNOWN)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=9
)


@given(st.dictionaries(st.text(), VALUES))
def test_values_survive_the_way_there_and_back(values):
    """Also over protobuf, as the engine sends them; the SDK's server knows no unknowns."""
    sent = PropertyValue.marshal_map(wire_map(values))
    assert plain_map(PropertyValue.unmarshal_map(sent)) == values


def test_secrets_are_known_by_name_at_any_depth():
    """One secret within a property makes the property secret."""
    given = {
        "open": PropertyValue("x"),
        "shut": PropertyValue("y", is_secret=True),
        "deep": PropertyValue({"a": PropertyValue([PropertyValue("z", is_secret=True)])}),
    }
    assert secret_names(given) == {"shut", "deep"}
    sent = wire_map(plain_map(given), {"shut", "deep"})
    assert {name for name, value in sent.items() if value.is_secret} == {"shut", "deep"}


def test_the_wires_word_for_unknown_is_understood():
    """Nested too."""
    given = {"a": PropertyValue({"b": PropertyValue(rpc.UNKNOWN)})}
    assert plain_map(given) == {"a": {"b": UNKNOWN}}
    assert not is_known(plain_map(given))


def test_nulls_in_maps_go():
    """Null is not given."""
    assert plain_map({"a": PropertyValue(None), "b": PropertyValue("x")}) == {"b": "x"}
