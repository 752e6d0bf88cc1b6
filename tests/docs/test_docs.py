"""What the documents say is compared with the code."""

import importlib.util
import json
import re
import tomllib
from pathlib import Path

import pytest

from app.example import EXAMPLE_BODY
from infra import settings
from infra.errors import UserError

CHECKOUT = Path(__file__).parents[2]
README = (CHECKOUT / "README.md").read_text()


def tree():
    spec = importlib.util.spec_from_file_location(
        "readme_tree", Path(__file__).with_name("readme_tree.py")
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.render()


def test_the_readmes_tree_is_the_real_one():
    """Every file is in it with its purpose; mend it with `python tests/docs/readme_tree.py`."""
    assert tree() in README


def test_every_make_target_of_the_readme_exists():
    """A reader types what is printed."""
    makefile = (CHECKOUT / "Makefile").read_text()
    named = set(re.findall(r"`?make ([a-z][a-z-]*)", README))
    assert named >= {"up", "test", "down", "status", "logs"}
    for target in named:
        pattern = "pulumi-%" if target.startswith("pulumi-") else target
        assert re.search(rf"^{re.escape(pattern)}:", makefile, re.MULTILINE), target


def test_makefile_is_short_and_explains_itself():
    """At most eleven targets, each with a help line."""
    makefile = (CHECKOUT / "Makefile").read_text()
    targets = re.findall(r"^([a-z][\w%-]*):(.*)$", makefile, re.MULTILINE)
    assert 0 < len(targets) <= 11
    assert all("##" in rest for _, rest in targets)


def test_the_readmes_curl_lines_send_the_example():
    """The body that the documents show is the one that the readiness check sends."""
    lines = [
        text for text in README.splitlines() if text.startswith("curl ") and "features" in text
    ]
    assert len(lines) == 2
    for line in lines:
        assert json.loads(re.search(r"-d '(.*)'", line).group(1)) == EXAMPLE_BODY


def test_every_setting_is_documented():
    """The settings page has exactly the keys that the program reads."""
    with pytest.raises(UserError) as refused:
        settings.read("p", "s", {"nothing": 1})
    listed = re.search(r"there are: (.*)", str(refused.value)).group(1)
    page = (CHECKOUT / "docs" / "settings.md").read_text()
    assert re.findall(r"^\| `(\w+)` ", page, re.MULTILINE) == listed.split(", ")


def test_links_within_the_documents_lead_somewhere():
    """No document points to a file that is not there."""
    for page in [CHECKOUT / "README.md", *CHECKOUT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_library_has_its_reason():
    """ADR 4 has a line for each package that the project asks for."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    groups = [project["project"]["dependencies"], *project["dependency-groups"].values()]
    names = {re.match(r"[\w-]+", line).group() for group in groups for line in group}
    page = (CHECKOUT / "docs" / "adr" / "0004-libraries.md").read_text().lower()
    told = set(re.findall(r"[\w-]+", " ".join(re.findall(r"^\| (.*?) \|", page, re.MULTILINE))))
    assert {name for name in names if not name.startswith("types-")} <= told
