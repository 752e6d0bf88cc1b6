"""Registers a version with the gate's decision, and moves the aliases."""

from contextlib import suppress
from typing import Any

import numpy as np
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from training import gate
from training.champion import Opened, find, open_version
from training.errors import TrainingError
from training.gate import Decision
from training.models.interface import Part
from training.tracking import CHAMPION, PREVIOUS
from training.trained import Trained


def judge(uri: str, challenger: Trained, dataset: str) -> Decision:
    """Compare the challenger with the champion that the registry has now.

    Call it when the challenger's own files are stored: then a champion whose files cannot be
    read is lost, and not merely out of reach.
    """
    version = find(uri, challenger.recipe.problem.name)
    if version is None:
        return gate.first_champion(challenger.metrics["test_rmse"])
    called = f"champion {version.number}"
    try:
        opened = open_version(uri, version)
    except TrainingError as error:
        return gate.champion_lost(called, str(error))
    refused = gate.refuse_by_data(called, dataset, version.tags.get("dataset", "unknown data"))
    return refused or judge_against(called, challenger, opened)


def judge_against(called: str, challenger: Trained, champion: Opened) -> Decision:
    """Compare the challenger with a champion, on test rows that the champion was not trained on.

    Parameters
    ----------
    called
        What the champion is called in the decision's sentence, as "champion 3".
    """
    new = unseen(challenger.parts.test, champion)
    if refused := gate.refuse_without_rows(called, len(new.target)):
        return refused
    mine, its = challenger.model.predict(new.rows), champion.model.predict(new.rows)
    return gate.decide(called, gate.compare(new.target, mine, its))


def unseen(part: Part, champion: Opened) -> Part:
    """Return the rows that the champion was not trained on."""
    new = ~np.isin(gate.row_marks(part.rows, part.target), champion.seen)
    return Part(part.rows[new], part.target[new])


def register(
    client: MlflowClient,
    name: str,
    logged: Any,  # noqa: ANN401 - MLflow's ModelInfo
    decision: Decision,
    tags: dict[str, str],
) -> str:
    """Make the logged model a version, promote it if so decided, return its number.

    A version that cannot be promoted because of a fault is removed again, so that nothing is left
    half-registered.
    """
    version = add_version(client, name, logged, decision, tags)
    try:
        if decision.promote:
            move_champion(client, name, version)
    except BaseException:
        client.delete_model_version(name, version)
        raise
    return version


def add_version(
    client: MlflowClient,
    name: str,
    logged: Any,  # noqa: ANN401 - MLflow's ModelInfo
    decision: Decision,
    tags: dict[str, str],
) -> str:
    """Make the logged model a version and return its number; the decision stands on it, as tags."""
    _ensure_registered_model(client, name)
    told = {"gate_rule": decision.rule, "promotion": decision.reason}
    figures = {key: f"{value:.6g}" for key, value in decision.figures.items()}
    made = client.create_model_version(
        name,
        logged.artifact_path,
        run_id=logged.run_id,
        model_id=logged.model_id,
        tags={**tags, **told, **figures},
    )
    return str(made.version)


def move_champion(client: MlflowClient, name: str, version: str) -> str | None:
    """Make the version champion and the champion `previous`; return what was champion.

    `previous` is moved first and, when the champion then cannot be moved, back again: at no
    moment is the way back lost.
    """
    champion, previous = (alias_target(client, name, alias) for alias in (CHAMPION, PREVIOUS))
    if champion is not None:
        client.set_registered_model_alias(name, PREVIOUS, champion)
    try:
        client.set_registered_model_alias(name, CHAMPION, version)
    except BaseException:
        if champion is not None:
            with suppress(MlflowException):
                set_previous(client, name, previous)
        raise
    return champion


def set_previous(client: MlflowClient, name: str, previous: str | None) -> None:
    """Let `previous` name this version; None: no version."""
    if previous is None:
        client.delete_registered_model_alias(name, PREVIOUS)
    else:
        client.set_registered_model_alias(name, PREVIOUS, previous)


def alias_target(client: MlflowClient, name: str, alias: str) -> str | None:
    """Return the number of the version that the alias names, or None."""
    try:
        aliases: dict[str, str] = client.get_registered_model(name).aliases
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise
    found = aliases.get(alias)
    return None if found is None else str(found)


def _ensure_registered_model(client: MlflowClient, name: str) -> None:
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
