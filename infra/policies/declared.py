"""Declared resources as plain values, and the questions that every rule asks of them."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


class Unknown:
    """A value that exists only after the resource that makes it: nothing can be said of it yet."""

    def __repr__(self) -> str:
        """Say what a message says of it."""
        return "known after creation"


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Declared:
    """One resource as the engine sees it.

    `props` have the engine's names (camelCase). `refs` tells for a property which resources, by
    their `key`, its value comes from: before they exist there is no value to compare.
    """

    type: str
    name: str
    props: Mapping[str, Any]
    key: str = ""
    refs: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Return the last word of the type: `Bucket` of `aws:s3/bucket:Bucket`."""
        return self.type.rpartition(":")[2]

    def at(self, path: str) -> Any:  # noqa: ANN401
        """Return the value at a dotted path; None where there is nothing."""
        value: Any = self.props
        for step in path.split("."):
            if isinstance(value, Unknown):
                return value
            value = value.get(step) if isinstance(value, Mapping) else None
        return value

    def items_at(self, path: str) -> list[Any]:
        """Return the list at a path, empty where there is none or it is not known yet."""
        value = self.at(path)
        return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []

    def refers(self, path: str, other: "Declared") -> bool:
        """Tell whether a property's value comes from another resource."""
        return other.key in self.refs.get(path, frozenset())


@dataclass(frozen=True)
class Finding:
    """What a rule has against a resource: the value that it found, and the remedy."""

    resource: Declared
    what: str
    remedy: str

    def __str__(self) -> str:
        """Return one sentence for people."""
        return f"{self.resource.kind} {self.resource.name}: {self.what}; {self.remedy}"


class Stack:
    """All that one program declares.

    Parameters
    ----------
    resources
        The resources in any order.
    """

    def __init__(self, resources: Iterable[Declared]) -> None:
        self.resources = tuple(resources)

    def of(self, *types: str) -> Iterator[Declared]:
        """Yield the resources of some types."""
        return (r for r in self.resources if r.type in types)

    def about(self, other: Declared, path: str, *types: str) -> list[Declared]:
        """Return the resources of some types whose property comes from another resource."""
        return [r for r in self.of(*types) if r.refers(path, other)]


Check = Callable[[Stack], Iterator[Finding]]


def expect(
    resource: Declared, path: str, wanted: Callable[[Any], bool], remedy: str
) -> Iterator[Finding]:
    """Yield a finding unless the value at a path is as wanted, or not known yet."""
    value = resource.at(path)
    if not isinstance(value, Unknown) and not wanted(value):
        yield Finding(resource, f"{path} is {shown(value)}", remedy)


def expect_about(
    stack: Stack, other: Declared, kind: str, by: str, remedy: str
) -> Iterator[Finding]:
    """Yield a finding unless a resource of a type exists for another one."""
    if not stack.about(other, by, kind):
        yield Finding(other, f"no {kind.rpartition(':')[2]} is declared for it", remedy)


def is_(wanted: object) -> Callable[[Any], bool]:
    """Return the test for one value; `True` takes no other truth."""
    return lambda value: value is wanted or (type(value) is type(wanted) and value == wanted)


def is_given(value: object) -> bool:
    """Tell whether there is a value at all."""
    return value not in (None, "", [], {})


def shown(value: object) -> str:
    """Return a value as a message shows it."""
    if value is None:
        return "not set"
    if isinstance(value, Unknown):
        return repr(value)
    text = json.dumps(value, default=str)
    longest = 80
    return text if len(text) <= longest else text[: longest - 1] + "…"


def statements(document: object) -> list[dict[str, Any]]:
    """Return the statements of a policy document (JSON); none of one that is not known yet."""
    if not isinstance(document, str):
        return []
    found = json.loads(document).get("Statement", [])
    return [found] if isinstance(found, dict) else list(found)


def listed(value: object) -> list[Any]:
    """Return a value that a policy document may write alone or in a list."""
    return list(value) if isinstance(value, list) else [] if value is None else [value]
