"""What is rendered for the host, judged by the programs of others."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

from infra import bundle, cloud_init
from infra.image import DOCKERFILE
from tests.infra.edge_process import Edge
from tests.judges import environment

CHECKOUT = Path(__file__).parents[2]
IMAGE = "111122223333.dkr.ecr.eu-west-3.amazonaws.com/shop@sha256:" + "0" * 64
PLACE = bundle.Place("bucket-1", IMAGE, "203.0.113.7")

# The environment is made once; after that each verdict takes seconds.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def judge(*command, said=None):
    """Run a judge from its environment; return its exit status and what it says."""
    program, *arguments = map(str, command)
    done = subprocess.run(
        [str(environment() / program), *arguments],
        input=said,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_hadolint_has_nothing_against_the_dockerfile():
    """Not even what it only would like; and it sees a fault where there is one."""
    assert judge("hadolint", CHECKOUT / DOCKERFILE) == (0, "")
    status, text = judge("hadolint", "-", said="FROM debian:latest\nRUN cd /srv && sudo make\n")
    assert status != 0
    assert "DL3007" in text


def scripts(dev):
    """Return the shell scripts of the user data and of the repository, by name."""
    files = yaml.safe_load(cloud_init.user_data(dev, "bucket-1", "vol-1"))["write_files"]
    made = {f["path"]: f["content"] for f in files if f["content"].startswith("#!")}
    listed = subprocess.run(
        ["git", "ls-files"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    paths = [CHECKOUT / name for name in listed.stdout.splitlines()]
    texts = {p.name: p.read_bytes() for p in paths if p.is_file() and not p.is_symlink()}
    shell = {n: t.decode() for n, t in texts.items() if re.match(rb"#!.*\bb?a?sh\n", t)}
    return made | shell


def test_shellcheck_has_nothing_against_the_scripts(dev):
    """At its strictest; the one file that a script reads is written beside it."""
    found = scripts(dev)
    assert {"/usr/local/sbin/pulumi-mlops-start", "run"} <= set(found)
    for name, text in found.items():
        # The environment file is not on this machine: what it holds is known by another test.
        status, said = judge("shellcheck", "--exclude=SC1091", "-", said=text)
        assert status == 0, f"{name}: {said}"
    assert judge("shellcheck", "-", said="#!/bin/sh\nrm -r $HOME_$1\n")[0] != 0


SPEC = "import compose_spec, sys; compose_spec.PyCompose.from_yaml(sys.stdin.read())"


def test_the_compose_file_follows_the_specification(dev):
    """Every key and every value; a misspelt one is seen."""
    # How a mount is shared is Docker's word in a place where the specification has none.
    text = bundle.compose(dev, PLACE).replace(",rslave", "")
    assert judge("python", "-c", SPEC, said=text) == (0, "")
    for good, bad in (("read_only:", "readonly:"), ("pids_limit: ", "pids_limit: m")):
        assert good in text
        status, said = judge("python", "-c", SPEC, said=text.replace(good, bad, 1))
        assert status != 0
        assert "services.postgres" in said


def test_docker_compose_takes_the_file(dev, tmp_path):
    """The program that will run it reads it without a word."""
    command = ["docker", "compose"]
    if (
        not shutil.which("docker")
        or subprocess.run([*command, "version"], capture_output=True, check=False).returncode
    ):
        pytest.skip("no `docker compose` on this machine: `make boot-test` asks Debian's")
    (tmp_path / "compose.yaml").write_text(bundle.compose(dev, PLACE))
    done = subprocess.run(
        [*command, "--file", str(tmp_path / "compose.yaml"), "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.strip()) == (0, "")


@pytest.fixture(scope="module")
def cloud_config_schema(tmp_path_factory):
    """Return cloud-init's own schema, out of Debian's package."""
    folder = tmp_path_factory.mktemp("cloud-init")
    if not shutil.which("apt-get"):
        pytest.skip("no apt-get on this machine: `make boot-test` asks Debian's cloud-init")
    subprocess.run(
        ["apt-get", "-qq", "-o", "APT::Sandbox::User=", "download", "cloud-init"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    packages = list(folder.glob("*.deb"))
    if not packages:
        pytest.skip("apt-get has no package cloud-init now (`apt-get update` may help)")
    subprocess.run(["dpkg", "-x", str(packages[0]), str(folder)], check=True)
    (schema,) = folder.rglob("schema-cloud-config-v1.json")
    return jsonschema.Draft4Validator(json.loads(schema.read_text()))


def test_cloud_init_takes_the_user_data(dev, cloud_config_schema):
    """Every key is one of its own, with a value of the right kind; a misspelt one is seen."""
    document = yaml.safe_load(cloud_init.user_data(dev, "bucket-1", "vol-1"))
    assert list(cloud_config_schema.iter_errors(document)) == []
    wrong = {**document, "write_files": [{"path": "/x", "permission": "0644"}]}
    assert list(cloud_config_schema.iter_errors(wrong))


def test_the_edge_complies_with_mozillas_intermediate_profile(local, tmp_path):
    """Versions, suites, curves, known attacks and the certificate, by sslyze.

    The certificate is by the edge's own authority, so that one is trusted here: what a public
    one (of a domain) would be like can't be seen on this machine.
    """
    edge = Edge(tmp_path / "edge", local)
    try:
        edge.await_ready()
        options = ("--mozilla_config", "intermediate", "--certinfo_ca_file", edge.root_certificate)
        status, said = judge("python", "-m", "sslyze", *options, f"127.0.0.1:{edge.port}")
        untrusted, unknown = judge("python", "-m", "sslyze", *options[:2], f"127.0.0.1:{edge.port}")
    finally:
        edge.stop()
    assert (status, "OK - Compliant." in said) == (0, True), said
    # It does look: the same edge whose authority it does not know is not compliant.
    assert untrusted != 0
    assert re.findall(r"\* (\w+): ", unknown.partition("FAILED")[2]) == [
        "certificate_path_validation"
    ]
