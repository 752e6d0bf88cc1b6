"""What the guide to stack `dev` says is compared with the code."""

import re
from pathlib import Path

import pytest

from infra import settings
from infra.errors import UserError

CHECKOUT = Path(__file__).parents[2]
GUIDE = (CHECKOUT / "docs" / "deploy.md").read_text()


def test_each_fault_found_before_a_deployment_has_a_remedy():
    """The message's first word is what a person looks for."""
    source = "".join(
        (CHECKOUT / "infra" / f"{name}.py").read_text() for name in ("account", "builder")
    )
    kinds = set(re.findall(r'f?"(\w+): ', source))
    assert kinds >= {"credentials", "region", "instanceType", "amiParameter", "quota", "docker"}
    assert not [kind for kind in kinds if f"| `{kind}:`" not in GUIDE]


def test_every_output_is_explained():
    """What the program exports stands in the table."""
    program = (CHECKOUT / "infra" / "program.py").read_text()
    told = re.search(r"told = \{(.*?)\n    \}", program, re.DOTALL).group(1)
    exported = re.findall(r'export\("(\w+)"', program) + re.findall(r'"(\w+)":', told)
    assert len(exported) > 8
    assert not [name for name in exported if name not in GUIDE]


def test_every_setting_of_the_guide_exists():
    """A reader types what is printed."""
    with pytest.raises(UserError) as refused:
        settings.read("p", "s", {"nothing": 1})
    known = re.search(r"there are: (.*)", str(refused.value)).group(1).split(", ")
    named = set(re.findall(r"pulumi config (?:set|rm) (\w+)", GUIDE))
    assert named >= {"allowedCidr", "domain", "profile", "certificateArn"}
    assert named <= set(known)
