"""What a type says about each input, and what follows from it: faults, differences, drift."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from infra.local.provider.values import UNKNOWN, Plain, Props, is_known


def equal(old: Plain, new: Plain) -> bool:
    """Tell whether two values are the same as they stand."""
    return bool(old == new)


@dataclass(frozen=True)
class Property:
    """One input of a resource type.

    Attributes
    ----------
    kind
        Python type of the plain value.
    required
        It must be given.
    replaces
        AWS can't change it: another value is another resource.
    computed
        AWS chooses it where it is not given, so that leaving it out is no change.
    default
        What holds where it is not given; filled in by `check`.
    check
        Returns why AWS would refuse the value, or None.
    shape
        Inputs of a nested object, or of each object of a list.
    by
        What tells the objects of a list apart, where AWS keeps no order of them.
    same
        Tells whether a value read back means what was given.
    """

    kind: type = str
    required: bool = False
    replaces: bool = False
    computed: bool = False
    default: Plain = None
    check: Callable[[Plain], str | None] | None = None
    shape: "Mapping[str, Property]" = field(default_factory=dict)
    by: str = ""
    same: Callable[[Plain, Plain], bool] = equal


Inputs = Mapping[str, Property]


@dataclass(frozen=True)
class Fault:
    """Why an input can't be used."""

    path: str
    reason: str


@dataclass(frozen=True)
class Change:
    """One difference between what is and what is wanted."""

    path: str
    old: Plain
    new: Plain
    replaces: bool


def with_defaults(inputs: Inputs, given: Props) -> Props:
    """Return the given properties with the defaults of those that are not given."""
    filled = {name: p.default for name, p in inputs.items() if p.default is not None}
    for name, value in given.items():
        shape = inputs[name].shape if name in inputs else None
        if shape and isinstance(value, dict):
            filled[name] = with_defaults(shape, value)
        elif shape and isinstance(value, list):
            filled[name] = [
                with_defaults(shape, item) if isinstance(item, dict) else item for item in value
            ]
        else:
            filled[name] = value
    return filled


def faults(inputs: Inputs, given: Props, prefix: str = "") -> Iterator[Fault]:
    """Yield what AWS would refuse, and what this provider does not cover.

    Parameters
    ----------
    inputs
        The type's inputs.
    given
        What the program gives; unknown values are taken for good.
    prefix
        Path of the nested object that is looked at, with its final dot.

    Yields
    ------
    Fault
        One a property.
    """
    for name, prop in inputs.items():
        if prop.required and name not in given:
            yield Fault(prefix + name, "is required, and is missing")
    for name, value in given.items():
        if name not in inputs:
            yield Fault(prefix + name, "is not covered by the embedded AWS provider")
        elif value is not UNKNOWN:
            yield from _value_faults(inputs[name], prefix + name, value)


def _value_faults(prop: Property, path: str, value: Plain) -> Iterator[Fault]:
    """Yield the faults of one value that is given."""
    # To Python True is an int; to AWS it is not.
    if not isinstance(value, prop.kind) or (prop.kind is int and isinstance(value, bool)):
        yield Fault(path, f"must be {_KINDS[prop.kind]}, and is {type(value).__name__}")
        return
    for position, item in enumerate(value if isinstance(value, list) else [value]):
        if prop.shape and isinstance(item, dict):
            at = f"{path}[{position}]" if isinstance(value, list) else path
            yield from faults(prop.shape, item, at + ".")
    if prop.check and is_known(value) and (reason := prop.check(value)):
        yield Fault(path, reason)


_KINDS = {str: "text", int: "a whole number", bool: "true or false", list: "a list", dict: "a map"}


def changes(inputs: Inputs, old: Props, new: Props, prefix: str = "") -> Iterator[Change]:
    """Yield how what is wanted differs from what is.

    Parameters
    ----------
    inputs
        The type's inputs.
    old
        The state: inputs and what was last read from AWS.
    new
        Checked inputs, with defaults; may hold unknowns.
    prefix
        Path of the nested object that is looked at, with its final dot.

    Yields
    ------
    Change
        The deepest property that differs.
    """
    for name, prop in inputs.items():
        before, after = old.get(name), new.get(name)
        if after is None and (prop.computed or _is_empty(before)):
            continue
        path = prefix + name
        if isinstance(before, dict) and isinstance(after, dict) and prop.shape:
            for change in changes(prop.shape, before, after, path + "."):
                yield Change(change.path, change.old, change.new, change.replaces or prop.replaces)
        elif isinstance(before, dict) and isinstance(after, dict):
            yield from _entry_changes(path, before, after)
        elif not _means(prop, before, after):
            yield Change(path, before, after, prop.replaces)


def _entry_changes(path: str, before: Props, after: Props) -> Iterator[Change]:
    """Yield the entries of a free map, like tags, that differ."""
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key):
            yield Change(f'{path}["{key}"]', before.get(key), after.get(key), replaces=False)


def _means(prop: Property, before: Plain, after: Plain) -> bool:
    """Tell whether what is there means what is wanted."""
    if before is None or after is None or not is_known(after):
        return False
    if prop.shape and isinstance(before, list) and len(before) == len(after):
        pairs = zip(_ordered(prop, before), _ordered(prop, after), strict=True)
        return not any(change for pair in pairs for change in changes(prop.shape, *pair))
    return prop.same(before, after)


def _ordered(prop: Property, listed: list[Props]) -> list[Props]:
    return sorted(listed, key=lambda item: str(item.get(prop.by))) if prop.by else listed


def _is_empty(value: Plain) -> bool:
    return value is None or value in ("", [], {})  # unhashable members


def observed(inputs: Inputs, given: Props, real: Props, *, importing: bool = False) -> Props:
    """Return inputs as they would have to be given for what AWS has now.

    Parameters
    ----------
    inputs
        The type's inputs.
    given
        The inputs that the resource was made with.
    real
        What AWS says.
    importing
        There are no inputs yet: all that AWS says is taken, and defaults for what it is never told.

    Returns
    -------
    dict
        Where nothing has drifted, exactly `given`.
    """
    seen: Props = {}
    for name, prop in inputs.items():
        old, now = given.get(name), real.get(name)
        if name not in real:
            untold = prop.default if importing else old
            if untold is not None:
                seen[name] = untold
        elif isinstance(old, dict) and isinstance(now, dict) and prop.shape:
            seen[name] = observed(prop.shape, old, now)
        elif old is not None:
            seen[name] = old if _means(prop, now, old) else now
        elif not _is_empty(now) and (importing or not (prop.computed or now == prop.default)):
            seen[name] = now
    return seen
