"""The table of security rules says what the code says."""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
TEXT = (CHECKOUT / "docs" / "security.md").read_text()
ROW = re.compile(r"^\| (\d+) \| (.+) \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)
ROWS = [match.groups() for match in ROW.finditer(TEXT)]
ELSEWHERE = {"12"}
"""Rules of the account, which no module declares."""


def test_every_rule_has_one_row():
    """As many as the project has rules, in their order."""
    assert [int(row[0]) for row in ROWS] == list(range(1, 32))


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
