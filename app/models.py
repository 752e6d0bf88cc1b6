"""Several served models at one moment: what a request looks them up in."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from app.model import ServedModel
from app.registry import ModelVersion


@dataclass(frozen=True)
class Followed:
    """A registered model with the alias, as the last look at the registry left it.

    Attributes
    ----------
    version
        What the alias names; None when it names nothing, or nobody could be asked yet.
    model
        What is served: that version, or an older one when `problem` says why.
    memory_bytes
        About what the served version takes.
    """

    name: str
    version: ModelVersion | None = None
    model: ServedModel | None = None
    memory_bytes: int = 0
    problem: str | None = None

    @property
    def stale(self) -> bool:
        """Whether it is served although it may not be what the registry names."""
        return self.model is not None and self.problem is not None


@dataclass(frozen=True)
class Snapshot:
    """Everything that is served at one moment; never changed, only replaced as a whole."""

    default_name: str
    followed: Mapping[str, Followed]
    """By name: the default first, then in alphabetical order."""
    default: ServedModel | None
    by_columns: Mapping[frozenset[str], ServedModel | None]
    """None where two models have the same columns."""

    @classmethod
    def of(cls, default_name: str, followed: Iterable[Followed]) -> "Snapshot":
        """Order what is followed and prepare the look-ups."""
        found = {one.name: one for one in followed}
        ordered = {name: found[name] for name in ranked(found, default_name)}
        by_columns: dict[frozenset[str], ServedModel | None] = {}
        for one in ordered.values():
            if one.model is not None:
                columns = frozenset(one.model.schema.names)
                by_columns[columns] = None if columns in by_columns else one.model
        default = ordered[default_name].model if default_name in ordered else None
        return cls(default_name, ordered, default, by_columns)

    @property
    def problem(self) -> str | None:
        """Why there is no default model, or why it may be stale."""
        return self.followed[self.default_name].problem

    @property
    def served(self) -> tuple[ServedModel, ...]:
        """The models that answer."""
        return tuple(one.model for one in self.followed.values() if one.model is not None)

    def named(self, name: str) -> ServedModel | None:
        """Return the served model of a registered name."""
        found = self.followed.get(name)
        return found.model if found is not None else None


def ranked(names: Collection[str], default_name: str) -> list[str]:
    """Return the names in the order in which memory is given: the same in every worker."""
    return sorted(names, key=lambda name: (name != default_name, name))
