"""Registers a challenger, makes it champion, or takes that back; each step may be repeated.

Whoever does it may be killed between any two calls. So the decision stands on the version itself,
before any alias moves: whoever takes the retraining up again goes on from there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlflow import MlflowClient

from training.gate import Decision
from training.registry import add_version, alias_target, move_champion, set_previous
from training.tracking import CHAMPION, PREVIOUS

RETRAINING = "retraining"
STANDING = "standing"
PROMOTE, REFUSE, TAKEN_BACK = "promote", "refuse", "taken back"
INCUMBENT = "gate_champion"
BEFORE = "previous_before"


@dataclass(frozen=True)
class Registered:
    """A challenger that is a version, and what was decided about it.

    Attributes
    ----------
    standing
        PROMOTE: it is to be, or is, the champion. REFUSE. TAKEN_BACK: it was, and is not to be.
    incumbent
        The champion that it was compared with.
    previous
        What the alias `previous` named before; None: nothing.
    """

    name: str
    version: str
    standing: str
    reason: str
    incumbent: str
    previous: str | None


def find(client: MlflowClient, name: str, key: str) -> Registered | None:
    """Return the version that an earlier try of a retraining has registered."""
    found = client.search_model_versions(f"name = '{name}' and tags.{RETRAINING} = '{key}'")
    for version in found:
        tags: Mapping[str, str] = version.tags
        return Registered(
            name,
            str(version.version),
            tags[STANDING],
            tags["promotion"],
            tags[INCUMBENT],
            tags[BEFORE] or None,
        )
    return None


def register(
    client: MlflowClient,
    logged: Any,  # noqa: ANN401 - MLflow's ModelInfo
    decision: Decision,
    incumbent: tuple[str, str],
    tags: Mapping[str, str],
) -> Registered:
    """Make the challenger a version that says what is to become of it; no alias moves.

    Parameters
    ----------
    incumbent
        The model's name, and the champion's number.
    """
    name, champion = incumbent
    previous = alias_target(client, name, PREVIOUS)
    standing = PROMOTE if decision.promote else REFUSE
    told = {**tags, STANDING: standing, INCUMBENT: champion, BEFORE: previous or ""}
    version = add_version(client, name, logged, decision, told)
    return Registered(name, version, standing, decision.reason, champion, previous)


def promote(client: MlflowClient, challenger: Registered) -> bool:
    """Make it champion; False when that is another by now than it was compared with."""
    champion = alias_target(client, challenger.name, CHAMPION)
    if champion == challenger.version:
        return True
    if champion != challenger.incumbent:
        return False
    move_champion(client, challenger.name, challenger.version)
    return True


def refuse(client: MlflowClient, challenger: Registered, reason: str) -> None:
    """Let the version say that it does not become champion after all."""
    client.set_model_version_tag(challenger.name, challenger.version, "promotion", reason)
    client.set_model_version_tag(challenger.name, challenger.version, STANDING, REFUSE)


def take_back(client: MlflowClient, challenger: Registered) -> bool:
    """Put both aliases back where they were; False when somebody else has moved them."""
    name = challenger.name
    client.set_model_version_tag(name, challenger.version, STANDING, TAKEN_BACK)
    champion, previous = (alias_target(client, name, alias) for alias in (CHAMPION, PREVIOUS))
    if champion == challenger.version:
        client.set_registered_model_alias(name, CHAMPION, challenger.incumbent)
        champion = challenger.incumbent
    if champion == previous == challenger.incumbent:
        set_previous(client, name, challenger.previous)
    return champion == challenger.incumbent
