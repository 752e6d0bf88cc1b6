"""The embedded docker-build provider, with a Docker that only takes notes."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest
from pulumi.provider.experimental import provider as api

from infra.errors import UserError
from infra.image import DOCKERFILE
from infra.local import image_builder
from infra.local.image_builder import ImageBuilder, build
from infra.local.provider.values import UNKNOWN, plain_map, wire_map

DIGEST = "sha256:" + "5" * 64
URN = "urn:pulumi:test::shop::docker-build:index:Image::image"
TAG = "111122223333.dkr.ecr.eu-west-3.amazonaws.com/shop-dev:0123456789ab"


class FakeDocker:
    def __init__(self):
        self.commands = []

    def __call__(self, command):
        self.commands.append(command)
        if command[1] == "inspect":
            return f"{command[-1].rpartition(':')[0]}@{DIGEST}\n"
        return ""


@pytest.fixture
def docker():
    return FakeDocker()


@pytest.fixture
def given(tmp_path):
    """Return an image as the program declares it."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    return {
        "context": {"location": str(tmp_path)},
        "dockerfile": {"location": str(tmp_path / "Dockerfile")},
        "platforms": ["linux/arm64"],
        "tags": [TAG],
        "push": True,
        "registries": [{"address": "ecr", "username": "AWS", "password": "s3cret"}],
    }


def create(docker, given, *, preview=False, registry="127.0.0.1:5000"):
    provider = ImageBuilder(registry, docker)
    request = api.CreateRequest(URN, wire_map(given, {"registries"}), 60, preview=preview)
    return asyncio.run(provider.create(request))


def diff(old, new):
    request = api.DiffRequest(URN, "id", wire_map(old), wire_map(new), [])
    answer = asyncio.run(ImageBuilder(None).diff(request))
    assert answer.changes == bool(answer.diffs)
    return set(answer.diffs), set(answer.replaces)


def test_an_image_is_built_for_the_hosts_platform_and_pushed(docker, given):
    """Into the registry that plays ECR, under the name that the repository has."""
    assert build(given, "127.0.0.1:5000", docker) == DIGEST
    building, pushing, _ = docker.commands
    local = "127.0.0.1:5000/shop-dev:0123456789ab"
    assert building[:2] == ["docker", "build"]
    assert building[building.index("--platform") + 1] == "linux/arm64"
    assert building[building.index("--tag") + 1] == local
    assert building[-1] == given["context"]["location"]
    assert pushing == ["docker", "push", "--quiet", local]


def test_a_mirror_reaches_the_build_and_no_other_setting_does(docker, given, monkeypatch):
    """By name only: what the variable holds does not show in a list of processes."""
    for name in [name for name in os.environ if "PROXY" in name or name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_INDEX_URL", "https://user:s3cret@mirror.example/simple")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    build(given, "127.0.0.1:5000", docker)
    command = docker.commands[0]
    named = [command[i + 1] for i, word in enumerate(command) if word == "--build-arg"]
    assert named == ["PIP_INDEX_URL"]
    assert "s3cret" not in str(docker.commands)


def test_the_dockerfile_takes_what_the_build_is_given(docker, given, monkeypatch):
    """Docker knows the proxy's variables; any other one is passed in vain unless it is declared."""
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.setenv(name, "x")
    build(given, "127.0.0.1:5000", docker)
    command = docker.commands[0]
    named = {command[i + 1] for i, word in enumerate(command) if word == "--build-arg"}
    text = (Path(__file__).parents[3] / DOCKERFILE).read_text()
    declared = set(re.findall(r"^ARG (\w+)$", text, re.MULTILINE))
    assert {name for name in named if not name.endswith("_PROXY")} <= declared


def test_without_a_registry_nothing_is_built(docker, given):
    """The tag names the sources, so its hash stands for the image: the same for the same."""
    first = build(given, None, docker)
    assert first == build(given, None, docker) != build({**given, "tags": ["r:2"]}, None, docker)
    assert first.startswith("sha256:")
    assert len(first) == len(DIGEST)
    assert docker.commands == []


def test_a_missing_dockerfile_is_named(docker, given):
    """Before Docker is asked."""
    missing = given["context"]["location"] + "/nowhere"
    with pytest.raises(UserError, match=r"there is no .*/nowhere"):
        build({**given, "dockerfile": {"location": missing}}, None, docker)
    assert docker.commands == []


def test_the_reference_names_the_digest(docker, given):
    """What the host pulls can't change under its name; the login stays a secret."""
    made = create(docker, given)
    state = plain_map(made.properties)
    assert (made.resource_id, state["digest"]) == (DIGEST, DIGEST)
    assert state["ref"] == f"{TAG}@{DIGEST}"
    assert made.properties["registries"].contains_secret()
    assert not made.properties["ref"].contains_secret()


def test_a_preview_builds_nothing(docker, given):
    """Its digest is not known, and neither is it while a tag is not."""
    state = plain_map(create(docker, given, preview=True).properties)
    assert state["digest"] is state["ref"] is UNKNOWN
    state = plain_map(create(docker, {**given, "tags": [UNKNOWN]}).properties)
    assert state["digest"] is UNKNOWN
    assert docker.commands == []


def test_an_update_builds_the_new_tag(docker, given):
    """And keeps the resource."""
    provider = ImageBuilder("127.0.0.1:5000", docker)
    news = {**given, "tags": ["ecr/shop-dev:new"]}
    request = api.UpdateRequest(URN, DIGEST, wire_map(given), wire_map(news), 60, [], preview=False)
    answer = plain_map(asyncio.run(provider.update(request)).properties)
    assert answer["ref"] == f"ecr/shop-dev:new@{DIGEST}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tags", ["r:2"]),
        ("platforms", ["linux/amd64"]),
        ("context", {"location": "/other"}),
        ("dockerfile", {"location": "/other"}),
    ],
)
def test_what_makes_another_image_is_a_change(given, name, value):
    """In place: the repository keeps both."""
    assert diff(given, {**given, name: value}) == ({name}, set())


def test_a_new_login_is_no_change(given):
    """ECR gives another password every twelve hours."""
    renewed = [{**given["registries"][0], "password": "another"}]
    assert diff(given, {**given, "registries": renewed}) == (set(), set())


@pytest.mark.parametrize("name", ["tags", "platforms", "dockerfile", "context", "push"])
def test_what_is_missing_is_refused_by_name(given, name):
    """At preview, by the property's name."""
    del given[name]
    request = api.CheckRequest(URN, {}, wire_map(given), b"s")
    answer = asyncio.run(ImageBuilder(None).check(request))
    assert [failure.property for failure in answer.failures] == [name]


def test_a_failing_docker_is_quoted(tmp_path):
    """With its last words, and without the rest of the command, which may be long."""
    program = "import sys; [print(n) for n in range(99)]; sys.exit('no space left on device')"
    with pytest.raises(UserError, match="no space left on device") as failed:
        image_builder.run([sys.executable, "-c", program])
    assert len(str(failed.value).splitlines()) == 16
    with pytest.raises(UserError, match="can't be used"):
        image_builder.run([str(tmp_path / "docker"), "build"])
