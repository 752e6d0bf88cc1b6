"""The reference of a version: fetched once, compared with what was registered, never guessed."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest

from app.registry import Registry
from app.rest import RegistryError, Rest
from monitoring.retrainer.reference import NoReferenceError, References
from tests.app.mlflow_server import FakeMlflow, running
from tests.monitoring.retrainer.districts import training_rows
from tests.monitoring.retrainer.shelf import MODEL, shelve
from training.generate import generate
from training.rows import ROWS_FILE

HOUSES = generate(300)
ROWS = training_rows(HOUSES, np.arange(300))
OTHERS = training_rows(HOUSES, np.arange(100))


@pytest.fixture
def mlflow() -> Iterator[FakeMlflow]:
    with running() as fake:
        yield fake


class Asked:
    """References, with the champion that the registry has at each question."""

    def __init__(self, mlflow: FakeMlflow) -> None:
        self._registry = Registry(Rest(mlflow.uri, 0.5))
        self.references = References(self._registry)

    @property
    def version(self):
        return self._registry.champions("champion")[MODEL]

    def rows(self) -> int:
        return len(self.references.of(self.version).values["MedInc"].ordered)


def fetched(mlflow: FakeMlflow) -> int:
    return sum(ROWS_FILE in asked for asked in mlflow.asked)


def test_a_reference_is_fetched_once(mlflow):
    """However often it is asked for while the version is the champion."""
    shelve(mlflow, ROWS)
    asked = Asked(mlflow)
    assert [asked.rows() for _ in range(3)] == [300] * 3
    assert fetched(mlflow) == 1


def test_a_new_champion_has_its_own(mlflow):
    """What is served from now on is compared with what it was trained on."""
    shelve(mlflow, ROWS)
    asked = Asked(mlflow)
    asked.rows()
    shelve(mlflow, OTHERS, number="2")
    assert asked.rows() == 100


def test_a_model_made_anew_is_not_taken_for_the_old_one(mlflow):
    """Its version 1 is another one: it has another run."""
    shelve(mlflow, ROWS)
    asked = Asked(mlflow)
    asked.rows()
    mlflow.created[MODEL] = 2
    shelve(mlflow, OTHERS)
    assert asked.rows() == 100


def test_a_version_from_before_is_named_with_what_to_do(mlflow):
    """A model whose training rows did not travel yet says so, and how to come to some."""
    shelve(mlflow, None)
    with pytest.raises(NoReferenceError, match=r"version 1 has no .*training\.train"):
        Asked(mlflow).rows()


@pytest.mark.parametrize("file", [ROWS_FILE, "MLmodel"])
def test_a_changed_file_is_not_measured_against(mlflow, file):
    """A file that is not what was registered is refused, with the name of it."""
    shelve(mlflow, ROWS)
    mlflow.files[f"{MODEL}/1/{file}"] += b" "
    with pytest.raises(NoReferenceError, match=f"{file} is not as it was registered"):
        Asked(mlflow).rows()


@pytest.mark.parametrize("manifest", [b"\xff\xfe", b"a: [", b"[]", b"metadata:", b"metadata: x"])
def test_a_manifest_that_is_none_is_no_crash(mlflow, manifest):
    """Whatever stands there, it is the one error of a version that cannot be measured."""
    shelve(mlflow, ROWS)
    asked = Asked(mlflow)
    mlflow.files[f"{MODEL}/1/MLmodel"] = manifest
    version = dataclasses.replace(asked.version, manifest_sha256=None)
    with pytest.raises(NoReferenceError):
        asked.references.of(version)


def test_a_registry_that_is_away_is_no_fault_of_the_version(mlflow):
    """It is to be asked again, and not to be forgotten."""
    shelve(mlflow, ROWS)
    asked = Asked(mlflow)
    version = asked.version
    mlflow.misbehave = lambda handler: handler.close_connection or True
    with pytest.raises(RegistryError):
        asked.references.of(version)
