"""Registering: what stands on a version, how aliases move, that a fault leaves no trace."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, RESOURCE_DOES_NOT_EXIST

from training.gate import Decision
from training.registry import move_champion, register

LOGGED = SimpleNamespace(artifact_path="mlflow-artifacts:/1/m", run_id="run1", model_id="m-1")
BETTER = Decision(promote=True, rule="paired bootstrap", reason="better", figures={"gate_rows": 9})
WORSE = Decision(promote=False, rule="paired bootstrap", reason="refused", figures={})


@dataclass
class FakeClient:
    """A registry of one model that may refuse to move the champion."""

    exists: bool = False
    refuses_champion: bool = False
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)

    def create_registered_model(self, _name):
        if self.exists:
            message = "it exists"
            raise MlflowException(message, RESOURCE_ALREADY_EXISTS)
        self.exists = True

    def get_registered_model(self, _name):
        if not self.exists:
            message = "there is none"
            raise MlflowException(message, RESOURCE_DOES_NOT_EXIST)
        return SimpleNamespace(aliases=dict(self.aliases))

    def create_model_version(self, _name, _source, *, run_id, model_id, tags):
        assert (run_id, model_id) == ("run1", "m-1")
        number = str(len(self.versions) + 1)
        self.versions[number] = tags
        return SimpleNamespace(version=number)

    def delete_model_version(self, _name, version):
        del self.versions[version]

    def set_registered_model_alias(self, _name, alias, version):
        if alias == "champion" and self.refuses_champion:
            message = "no"
            raise MlflowException(message)
        self.aliases[alias] = version

    def delete_registered_model_alias(self, _name, alias):
        del self.aliases[alias]


def test_first_version_becomes_champion_and_nothing_is_previous():
    """An empty registry gets the model, the version with its tags, and one alias."""
    client = FakeClient()
    assert register(client, "houses", LOGGED, BETTER, {"dataset": "generated"}) == "1"
    assert client.aliases == {"champion": "1"}
    assert client.versions["1"] == {
        "dataset": "generated",
        "gate_rule": "paired bootstrap",
        "promotion": "better",
        "gate_rows": "9",
    }


def test_refused_version_is_kept_and_moves_no_alias():
    """A refused challenger stays in the registry with the reason."""
    client = FakeClient()
    register(client, "houses", LOGGED, BETTER, {})
    assert register(client, "houses", LOGGED, WORSE, {}) == "2"
    assert client.aliases == {"champion": "1"}
    assert client.versions["2"]["promotion"] == "refused"


@pytest.mark.parametrize(
    "aliases", [{}, {"champion": "1"}, {"champion": "2", "previous": "1"}], ids=str
)
def test_fault_while_promoting_leaves_everything_as_it_was(aliases):
    """When the alias cannot be moved the version is removed and the aliases are the old ones."""
    versions = {number: {} for number in aliases.values()}
    client = FakeClient(
        exists=True, refuses_champion=True, versions=dict(versions), aliases=dict(aliases)
    )
    with pytest.raises(MlflowException):
        register(client, "houses", LOGGED, BETTER, {})
    assert (client.versions, client.aliases) == (versions, aliases)


def test_promotion_makes_the_champion_previous():
    """The alias `previous` follows one step behind."""
    client = FakeClient(exists=True, aliases={"champion": "2", "previous": "1"})
    assert move_champion(client, "houses", "3") == "2"
    assert client.aliases == {"champion": "3", "previous": "2"}
