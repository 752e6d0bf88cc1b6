"""What a resource type is: its inputs, and how AWS makes, reads, changes and removes one."""

# ruff: noqa: ARG002  # one signature for all types: not each of them needs every argument

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from infra.local.provider import naming, properties, validators
from infra.local.provider.cloud import Cloud
from infra.local.provider.properties import Fault, Inputs, Property
from infra.local.provider.values import Props, is_known

REGION = Property(computed=True, replaces=True)
TAGS = {
    "tags": Property(dict, check=validators.tags),
    "tagsAll": Property(dict),
}


@dataclass(frozen=True)
class AutoName:
    """The input that is made up from the resource's name where it is not given."""

    property: str
    limit: int
    lower: bool = False


class ResourceType(ABC):
    """One type of the `aws` package.

    Attributes
    ----------
    type_name
        As the program's SDK writes it.
    inputs
        What may be given, and its rules; without region and tags.
    outputs
        What only AWS knows.
    unique
        Inputs of which AWS takes no two resources with the same values.
    auto_name
        The name that is made up.
    tagged
        It carries tags.
    secrets
        Properties that are always secret.
    volatile
        Outputs that any update may change.
    forgotten
        Inputs that an emulator may accept and not keep: what it says of them right after the
        request is remembered, and only something else is drift.
    """

    type_name: ClassVar[str]
    inputs: ClassVar[Inputs]
    outputs: ClassVar[tuple[str, ...]] = ()
    unique: ClassVar[tuple[str, ...]] = ()
    auto_name: ClassVar[AutoName | None] = None
    tagged: ClassVar[bool] = False
    regional: ClassVar[bool] = True
    secrets: ClassVar[frozenset[str]] = frozenset()
    volatile: ClassVar[tuple[str, ...]] = ()
    forgotten: ClassVar[frozenset[str]] = frozenset()

    @property
    def all_inputs(self) -> Inputs:
        """Return the inputs with those that many types share."""
        region = {"region": REGION} if self.regional else {}
        return {**self.inputs, **region, **(TAGS if self.tagged else {})}

    def faults(self, given: Props) -> Iterator[Fault]:
        """Yield what is wrong with several inputs together."""
        yield from ()

    def replaced_on(self, given: Props) -> frozenset[str]:
        """Return the inputs whose change shall be another resource although AWS can change it."""
        return frozenset()

    @abstractmethod
    def create(self, cloud: Cloud, given: Props) -> str:
        """Make it and return its id: one request, so that nothing is left if it fails."""

    def settle(self, cloud: Cloud, resource_id: str, given: Props) -> None:  # noqa: B027
        """Bring what was just made to what was asked for; if this fails it is removed again."""

    @abstractmethod
    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Return what AWS says of it, `id` included; None where it is gone."""

    def update(  # noqa: B027  # a type whose every input replaces has nothing to do
        self, cloud: Cloud, resource_id: str, old: Props, new: Props
    ) -> None:
        """Change it in place; tags are not among what is to change."""

    def tag(self, cloud: Cloud, resource_id: str, old: Props, tags: dict[str, str]) -> None:
        """Let it carry exactly these tags."""
        raise NotImplementedError

    def forget(self, cloud: Cloud, resource_id: str) -> None:  # noqa: B027
        """Clear up after one that somebody else removed."""

    @abstractmethod
    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Remove it; `NotFound` and the like are the caller's to take for done."""


def check(
    kind: ResourceType, name: str, given: Props, olds: Props, seed: bytes, cloud: Cloud
) -> tuple[Props, list[Fault]]:
    """Return the inputs that hold, and what is wrong with those given.

    Parameters
    ----------
    kind
        The type.
    name
        The resource's name in the program.
    given
        Inputs from the program; may hold unknowns.
    olds
        The inputs of the last update, which keep a made-up name.
    seed
        The engine's random seed.
    cloud
        Its region and default tags hold for every resource.

    Returns
    -------
    tuple
        Inputs with defaults, name and `tagsAll`; the faults.
    """
    allowed = {k: p for k, p in kind.all_inputs.items() if k != "tagsAll"}
    found = list(properties.faults(allowed, given))
    if given.get("region", cloud.settings.region) != cloud.settings.region:
        reason = f"{given['region']!r}: this provider's region is {cloud.settings.region}"
        found.append(Fault("region", reason))
    if found:
        return given, found
    filled = properties.with_defaults(kind.inputs, given)
    auto = kind.auto_name
    if auto and auto.property not in filled:
        made_up = naming.automatic(name, seed, auto.limit, lower=auto.lower)
        filled[auto.property] = olds.get(auto.property) or made_up
        if refused := _name_fault(kind, auto, filled):
            found.append(Fault(auto.property, refused))
    if kind.tagged:
        filled["tagsAll"] = naming.all_tags(cloud.settings.default_tags, filled.get("tags"))
    return filled, [*found, *kind.faults(filled)]


def _name_fault(kind: ResourceType, auto: AutoName, filled: Props) -> str | None:
    """Judge a made-up name like a given one: the resource's own name may not suit AWS."""
    judge = kind.inputs[auto.property].check
    return judge(filled[auto.property]) if judge else None


def must_delete_first(kind: ResourceType, name: str, old: Props, new: Props) -> bool:
    """Tell whether AWS would refuse the new one beside the old one."""
    if not kind.unique:
        return False
    auto = kind.auto_name
    # The engine asks for another name before it replaces a resource with a made-up one.
    if auto and auto.property in kind.unique:
        value = old.get(auto.property)
        if isinstance(value, str) and naming.is_automatic(name, value):
            return False
    return all(is_known(new.get(k)) and old.get(k) == new.get(k) for k in kind.unique)
