"""Every type's whole life, on two emulators."""

import pytest

from infra.local.provider.catalog import TYPES
from tests.infra.local.provider import cases, cases_edge, cases_network, cases_storage
from tests.infra.local.provider.driver import TAGS

CASES = (*cases.CASES, *cases_network.CASES, *cases_edge.CASES, *cases_storage.CASES)
CHANGEABLE = [case for case in CASES if case.drift]


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request):
    """The case of one type."""
    return request.param


def skip_if_lacking(case, emulator, test):
    """Tell an emulator's own gap by name."""
    if reason := case.lacks.get((emulator, test)):
        pytest.skip(f"{emulator}: {reason}")


def test_every_type_has_a_case():
    """A type that is covered is tested."""
    assert set(TYPES) == {case.type_name for case in CASES}


def test_what_was_made_is_what_was_asked_for(driver, case):
    """Nothing is to be changed after creation or after a refresh; every output has a value."""
    given = case.given(driver)
    it = driver.create(case.type_name, "it", given)
    assert {name for name in TYPES[case.type_name].outputs if name not in it.state} == set()
    if TYPES[case.type_name].tagged:
        assert it.state["tagsAll"].items() >= TAGS.items()
    assert driver.diff(it, given) == {}
    inputs = it.inputs
    assert driver.refresh(it)
    assert it.inputs == inputs
    assert driver.diff(it, given) == {}


@pytest.mark.parametrize("case", CHANGEABLE, ids=lambda case: case.name)
def test_a_change_behind_its_back_is_seen_and_corrected(driver, case, emulator):
    """A refresh shows the drift as a difference, and an update ends it."""
    skip_if_lacking(case, emulator, "drift")
    given = case.given(driver)
    it = driver.create(case.type_name, "it", given)
    case.drift(driver, it)
    assert driver.refresh(it)
    assert case.drifted in driver.diff(it, given)
    driver.update(it, given)
    assert driver.diff(it, given) == {}
    assert driver.refresh(it)
    assert driver.diff(it, given) == {}


def test_what_exists_is_imported_by_id(driver, case, emulator):
    """The imported inputs say what was given: the program that made it changes nothing."""
    skip_if_lacking(case, emulator, "import")
    given = case.given(driver)
    it = driver.create(case.type_name, "it", given)
    imported = driver.adopt(case.type_name, "it", it.id)
    assert imported.id == it.id
    assert imported.inputs.keys() >= {
        k for k, p in TYPES[case.type_name].inputs.items() if p.required
    }
    # What AWS is never told can't be read back: an import takes the default.
    never_told = {
        "deletionWindowInDays",
        "finalSnapshot",
        "forceDelete",
        "forceDestroy",
        "userDataReplaceOnChange",
    }
    names = {"bucket", "name", "keyName"}
    kept = {k: it.inputs[k] for k in names & it.inputs.keys()}
    assert driver.diff(imported, {**given, **kept}).keys() <= never_told


def test_a_removal_behind_its_back_is_seen(driver, case, emulator):
    """A refresh finds it gone; deleting it, once or twice, is no fault."""
    skip_if_lacking(case, emulator, "remove")
    it = driver.create(case.type_name, "it", case.given(driver))
    case.remove(driver, it)
    assert not driver.refresh(it)
    driver.delete(it)
    driver.delete(it)


def test_deleting_removes_it(driver, case, emulator):
    """After a delete it can't be found, and a second delete is no fault."""
    skip_if_lacking(case, emulator, "delete")
    it = driver.create(case.type_name, "it", case.given(driver))
    driver.delete(it)
    assert not driver.refresh(it)
    driver.delete(it)
