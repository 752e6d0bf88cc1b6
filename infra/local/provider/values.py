"""Plain Python values and the engine's property values: secrets and unknowns survive the way."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime import rpc

Plain: TypeAlias = Any
"""None, bool, int, float, str, Unknown, or a list or dict of these."""

Props: TypeAlias = dict[str, Any]
"""Properties of a resource by their name on the wire (camelCase)."""

Wire: TypeAlias = Mapping[str, PropertyValue]


class Unknown:
    """A value that only an update will know; the engine previews with it."""

    def __repr__(self) -> str:
        """Return the name of the one of its kind."""
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


def plain(value: PropertyValue) -> Plain:
    """Return a property value as a plain one; whole numbers become int, nulls in maps go."""
    inner: Any = value.value
    # The wire's word for it: this version of the SDK passes it on as an ordinary string.
    if inner == rpc.UNKNOWN:
        return UNKNOWN
    if isinstance(inner, Mapping):
        return plain_map(inner)
    if isinstance(inner, Sequence) and not isinstance(inner, str):
        return [plain(item) for item in inner]
    if isinstance(inner, float) and inner.is_integer():
        return int(inner)
    return inner


def plain_map(properties: Wire) -> Props:
    """Return properties as plain values, without those that are null."""
    values = {name: plain(value) for name, value in properties.items()}
    return {name: value for name, value in values.items() if value is not None}


def secret_names(*maps: Wire) -> set[str]:
    """Return the properties that are, or contain, a secret in any of the maps."""
    return {name for given in maps for name, value in given.items() if value.contains_secret()}


def wire(value: Plain, *, secret: bool = False) -> PropertyValue:
    """Return a plain value as the engine's; every number is a float there."""
    if isinstance(value, Unknown):
        return PropertyValue(rpc.UNKNOWN, is_secret=secret)
    if isinstance(value, Mapping):
        return PropertyValue({k: wire(v) for k, v in value.items()}, is_secret=secret)
    if isinstance(value, list | tuple):
        return PropertyValue([wire(item) for item in value], is_secret=secret)
    if isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    return PropertyValue(value, is_secret=secret)


def wire_map(properties: Props, secrets: Iterable[str] = ()) -> dict[str, PropertyValue]:
    """Return plain properties as the engine's, those named in `secrets` as secrets."""
    hidden = set(secrets)
    return {
        name: wire(value, secret=name in hidden)
        for name, value in properties.items()
        if value is not None
    }


def is_known(value: Plain) -> bool:
    """Tell whether a value and everything in it is known."""
    if isinstance(value, Mapping):
        return all(is_known(item) for item in value.values())
    if isinstance(value, list):
        return all(is_known(item) for item in value)
    return not isinstance(value, Unknown)
