"""The report says of each declared resource what stack `local` proves, and hides nothing."""

import json

import pytest

from infra import limits, parity, recording
from infra.local.provider.catalog import TYPES
from infra.recording import Declared


@pytest.fixture(scope="module")
def declared():
    return {name: recording.record(values) for name, values in recording.PROFILES.items()}


@pytest.fixture(scope="module")
def rows(declared):
    return parity.report(declared)


def test_every_declared_type_has_an_entry_and_no_entry_is_stale(rows):
    """Who declares a type writes down what can't be seen of it; who removes one takes it out."""
    assert {row.type for row in rows} == set(limits.LIMITS)


def test_everything_declared_is_covered(rows):
    """No type and no input of either profile is unknown to the embedded provider."""
    found = {row.type: row.lifecycle for row in rows if row.lifecycle != parity.LIFECYCLE}
    assert found == {"docker-build:index:Image": parity.ABSENT}


def test_every_resource_is_counted(declared, rows):
    """Nothing that the program declares is left out but its components and its provider."""
    for profile, found in declared.items():
        others = [d for d in found if d.type.startswith(("pulumi-mlops:", "pulumi:"))]
        assert sum(row.declared[profile] for row in rows) == len(found) - len(others)


def test_a_type_that_is_not_covered_shows_as_such():
    """A new type is in the report before anybody thought of it."""
    (row,) = parity.report({"dev": [Declared("aws:new/thing:Thing", "x", {})]})
    assert "not covered" in row.lifecycle
    assert row.cannot == limits.UNKNOWN.cannot


def test_an_input_that_is_not_covered_shows_as_such():
    """Nor does a covered type hide an input that would be refused."""
    kind = "aws:ec2/vpc:Vpc"
    (row,) = parity.report({"dev": [Declared(kind, "x", {"cidrBlock": "", "newInput": 1})]}, TYPES)
    assert row.lifecycle == "not covered: newInput"


def test_what_emulators_forget_is_told(rows):
    """It is taken from the provider's own list."""
    (host,) = [row for row in rows if row.type == "aws:ec2/instance:Instance"]
    assert "rootBlockDevice" in host.cannot


def test_the_command_speaks_to_people_and_to_scripts(capsys):
    """The exit status is 0 while everything is covered."""
    assert parity.main([]) == 0
    assert "ec2.Instance" in capsys.readouterr().out
    assert parity.main(["--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0].keys() >= {"type", "lifecycle", "cannot"}
