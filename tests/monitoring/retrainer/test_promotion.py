"""Promotion: interrupted between any two calls it is completed, or nothing of it stays."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from monitoring.retrainer import promotion
from monitoring.retrainer.promotion import PROMOTE, REFUSE, TAKEN_BACK
from training.gate import Decision

LOGGED = SimpleNamespace(artifact_path="mlflow-artifacts:/1/m", run_id="run1", model_id="m-1")
BETTER = Decision(promote=True, rule="paired bootstrap", reason="better", figures={"gate_rows": 9})
WORSE = Decision(promote=False, rule="paired bootstrap", reason="refused", figures={})
KEY = "7 of 2026-11-21T10:00:00.000+00:00"
BEFORE = {"champion": "3", "previous": "2"}
TAGS = {promotion.RETRAINING: KEY, "dataset": "logged"}


class KilledError(BaseException):
    """The process ends here."""


@dataclass
class FakeClient:
    """A registry of one model, whose caller is killed after so many changes."""

    aliases: dict[str, str] = field(default_factory=lambda: dict(BEFORE))
    versions: dict[str, dict[str, str]] = field(
        default_factory=lambda: {str(n): {} for n in range(1, 4)}
    )
    changes_left: int = 1_000

    def _change(self):
        if self.changes_left == 0:
            raise KilledError
        self.changes_left -= 1

    def create_registered_model(self, _name):
        pass

    def get_registered_model(self, _name):
        return SimpleNamespace(aliases=dict(self.aliases))

    def create_model_version(self, _name, _source, *, run_id, model_id, tags):
        assert (run_id, model_id) == ("run1", "m-1")
        self._change()
        number = str(len(self.versions) + 1)
        self.versions[number] = dict(tags)
        return SimpleNamespace(version=number)

    def search_model_versions(self, asked):
        assert asked == f"name = 'houses' and tags.retraining = '{KEY}'"
        return [
            SimpleNamespace(version=number, tags=tags)
            for number, tags in self.versions.items()
            if tags.get(promotion.RETRAINING) == KEY
        ]

    def set_model_version_tag(self, _name, version, key, value):
        self._change()
        self.versions[version][key] = value

    def set_registered_model_alias(self, _name, alias, version):
        self._change()
        self.aliases[alias] = version

    def delete_registered_model_alias(self, _name, alias):
        self._change()
        del self.aliases[alias]


def register(client, decision=BETTER, incumbent="3"):
    return promotion.register(client, LOGGED, decision, ("houses", incumbent), TAGS)


def test_registering_moves_no_alias_and_says_what_is_to_come():
    """Whoever finds the version knows the decision, and what the aliases were."""
    client = FakeClient()
    made = register(client)
    assert client.aliases == BEFORE
    assert promotion.find(client, "houses", KEY) == made
    assert (made.version, made.standing, made.incumbent, made.previous) == (
        *("4", PROMOTE, "3"),
        "2",
    )
    assert client.versions["4"]["promotion"] == "better"


def test_nothing_registered_is_nothing_found():
    """Then everything is done anew."""
    assert promotion.find(FakeClient(), "houses", KEY) is None


def test_a_refused_challenger_is_a_version_with_its_reason():
    """It is found as what it is, and changes nothing."""
    client = FakeClient()
    assert register(client, WORSE).standing == REFUSE
    assert promotion.find(client, "houses", KEY).reason == "refused"
    assert client.aliases == BEFORE


@pytest.mark.parametrize("changes", [0, 1, 2])
def test_promotion_that_was_cut_is_completed(changes):
    """Wherever it was cut, the second try ends where an uncut one does."""
    client = FakeClient()
    made = register(client)
    client.changes_left = changes
    try:
        promotion.promote(client, made)
    except KilledError:
        assert client.aliases["champion"] == "3"
    client.changes_left = 1_000
    assert promotion.promote(client, promotion.find(client, "houses", KEY))
    assert client.aliases == {"champion": "4", "previous": "3"}


def test_another_champion_meanwhile_is_left_alone():
    """It was not compared with that one."""
    client = FakeClient()
    made = register(client)
    client.aliases["champion"] = "1"
    assert not promotion.promote(client, made)
    assert client.aliases == {"champion": "1", "previous": "2"}
    promotion.refuse(client, made, "not compared")
    assert promotion.find(client, "houses", KEY).standing == REFUSE
    assert client.versions["4"]["promotion"] == "not compared"


@pytest.mark.parametrize("before", [BEFORE, {"champion": "3"}], ids=["previous", "no previous"])
@pytest.mark.parametrize("changes", [0, 1, 2, 3])
def test_taking_back_that_was_cut_is_completed(before, changes):
    """Both aliases are as they were; and it is not promoted again by whoever takes it up."""
    client = FakeClient(aliases=dict(before))
    made = register(client)
    promotion.promote(client, made)
    client.changes_left = changes
    try:
        promotion.take_back(client, made)
    except KilledError:
        assert client.aliases["champion"] in {"3", "4"}
    client.changes_left = 1_000
    found = promotion.find(client, "houses", KEY)
    assert found.standing == (TAKEN_BACK if changes else PROMOTE)
    assert promotion.take_back(client, found)
    assert client.aliases == before


def test_what_somebody_else_has_moved_is_not_taken_back():
    """A person has rolled back, or promoted another: that stays."""
    client = FakeClient()
    made = register(client)
    promotion.promote(client, made)
    client.aliases = {"champion": "1", "previous": "4"}
    assert not promotion.take_back(client, made)
    assert client.aliases == {"champion": "1", "previous": "4"}
