"""The Docker that builds the image."""

import subprocess
from dataclasses import replace

import pytest

from infra import builder
from infra.builder import Ran
from infra.errors import NotCheckedError, UserError

NO_DAEMON = Ran(1, "Cannot connect to the Docker daemon at unix:///var/run/docker.sock.")
NO_BUILDX = Ran(1, "docker: 'buildx' is not a docker command.")


def docker(version, buildx=NO_BUILDX):
    """Return a docker command that answers from a script; an exception is raised."""

    def run(command):
        answer = buildx if command == builder.BUILDER else version
        if isinstance(answer, Exception):
            raise answer
        return answer

    return run


@pytest.fixture
def arm(dev):
    return replace(dev, instance_type="t4g.small")


def test_a_daemon_of_the_hosts_architecture_is_enough(dev):
    """The plugin brings its own buildx: nobody must install one."""
    builder.check_builder(dev, docker(Ran(0, "26.1.5 amd64")))


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (FileNotFoundError(), "docker: not found.*install"),
        (NO_DAEMON, "docker: .*Cannot connect.*systemctl start docker"),
        (Ran(1, "permission denied while trying to connect"), "usermod -aG docker"),
        (subprocess.TimeoutExpired("docker", 5), "no answer .* within 5 s"),
    ],
)
def test_a_docker_that_can_not_be_used_says_why_and_what_to_do(dev, version, said):
    """Each reason has a remedy of its own."""
    with pytest.raises(UserError, match=said):
        builder.check_builder(dev, docker(version))


def platforms(*names):
    return Ran(0, "Name: default\nNodes:\nStatus: running\nPlatforms: " + ", ".join(names))


def test_another_architecture_needs_emulation(arm):
    """A builder that lists the platform can; another one is refused, with the way to get it."""
    amd = Ran(0, "26.1.5 amd64")
    builder.check_builder(arm, docker(amd, platforms("linux/amd64*", "linux/arm64")))
    with pytest.raises(UserError, match=r"linux/arm64\. .*binfmt --install arm64.*t3\.small"):
        builder.check_builder(arm, docker(amd, platforms("linux/amd64", "linux/amd64/v2")))


def test_an_unknown_emulation_is_no_fault(arm):
    """Without buildx, or with a builder that has not started yet, nobody knows."""
    asleep = Ran(0, "Name: other\nStatus: inactive")
    for buildx in (NO_BUILDX, asleep, FileNotFoundError()):
        with pytest.raises(NotCheckedError, match="linux/arm64"):
            builder.check_builder(arm, docker(Ran(0, "26.1.5 amd64"), buildx))


def test_a_command_is_run_with_what_it_said():
    """The error stream of a failed command is its reason."""
    assert builder.run(["sh", "-c", "echo yes; echo no >&2"]) == Ran(0, "yes")
    assert builder.run(["sh", "-c", "echo yes; echo no >&2; exit 3"]) == Ran(3, "no")
