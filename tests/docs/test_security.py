"""The table of security rules says what the code says."""

import re
from pathlib import Path

import pytest

from infra.policies.exceptions import EXCEPTIONS
from infra.policies.rules import RULES

CHECKOUT = Path(__file__).parents[2]
TEXT = (CHECKOUT / "docs" / "security.md").read_text()
ROW = re.compile(r"^\| (\d+) \| (.+) \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)
ROWS = [match.groups() for match in ROW.finditer(TEXT)]
SHORT = {"F ": "", "C ": "CIS ", "K ": "CKV_AWS_", "K2 ": "CKV2_AWS_", "P ": ""}
ELSEWHERE = {"12"}
"""Rules of the account, which no module declares."""


def test_every_rule_has_one_row():
    """As many as the project has rules, in their order."""
    assert [int(row[0]) for row in ROWS] == list(range(1, 33))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_setting_is_where_the_table_says(row):
    """Each setting stands in the module that is named, word for word."""
    number, _, _, setting, where = row
    if number in ELSEWHERE:
        assert where == "-"
        return
    source = (CHECKOUT / where.strip("`")).read_text()
    quoted = re.findall(r"`([^`]+)`", setting)
    assert quoted
    assert not [text for text in quoted if text not in source]


def test_every_module_and_test_that_is_named_exists():
    """A reader can follow each of them."""
    named = set(re.findall(r"`((?:infra|tests)/[\w/]+\.py)`", TEXT))
    assert named
    assert not [path for path in named if not (CHECKOUT / path).exists()]


def test_every_exception_has_a_reason():
    """One that nobody can explain is a hole."""
    (table,) = re.findall(r"## Exceptions\n(.*?)\n## ", TEXT, re.DOTALL)
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 6
    assert all(len(row) == 3 and len(row[2]) > 30 for row in rows)


def ids(cell):
    """Return the ids of a cell, `F EC2.2, K2 12`, as the rules write them."""
    found = re.findall(r"\b(F |C |K2 |K |P )([\w.]+)", cell)
    return {SHORT[judge] + number for judge, number in found}


def test_the_table_names_the_ids_that_the_rules_have():
    """Who looks an id up finds the function that holds it."""
    known = {name for rule in RULES for name in rule.ids}
    assert not [(row[0], ids(row[2]) - known) for row in ROWS if ids(row[2]) - known]


def test_the_exceptions_are_those_of_the_code():
    """Neither the page nor the code excuses what the other does not."""
    (table,) = re.findall(r"## Exceptions\n(.*?)\n## ", TEXT, re.DOTALL)
    told = {
        name
        for line in table.splitlines()
        if line.count(" | ") == 2
        for name in ids(line.split(" | ")[1])
    }
    coded = {name for exception in EXCEPTIONS for name in exception.of if "-" not in name}
    assert told == coded
