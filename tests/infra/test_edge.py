"""The edge's configuration, judged by Caddy itself."""

import dataclasses
import json
import os
import subprocess

import pytest

from infra import bundle
from infra.credentials import OPERATOR
from infra.edge import HTTP_PORT
from tests.infra.edge_process import CADDY

DOMAIN = "ml.example.com"
BALANCER = "lb-1.eu-west-3.elb.amazonaws.com"
KINDS = ("local", "dev", "domain", "hardened", "hardened domain")


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def text(kind, dev, local):
    """Return the Caddyfile of one kind of stack."""
    hardened = dataclasses.replace(dev, profile="hardened")
    settings, address = {
        "local": (local, "127.0.0.1"),
        "dev": (dev, "203.0.113.7"),
        "domain": (dataclasses.replace(dev, domain=DOMAIN), DOMAIN),
        "hardened": (hardened, BALANCER),
        "hardened domain": (dataclasses.replace(hardened, domain=DOMAIN), DOMAIN),
    }[kind]
    return bundle.render(settings, bundle.Place("bucket-1", "image:1", address))["Caddyfile"]


@pytest.fixture
def caddy(tmp_path):
    """Run a command of Caddy on a configuration."""

    def run(command, text):
        (tmp_path / "operator-login").write_text(f"{OPERATOR} $2b$10${'a' * 53}")
        (tmp_path / "Caddyfile").write_text(text)
        own = dict.fromkeys(("SECRETS", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(tmp_path))
        return subprocess.run(
            [CADDY, command, "--config", tmp_path / "Caddyfile", "--adapter", "caddyfile"],
            env={**os.environ, **own},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_caddy_takes_every_stacks_file(kind, text, caddy):
    """Without an error; it warns of the one thing that is meant: port 80 stays HTTP."""
    done = caddy("validate", text)
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert told
    warned = [t["msg"] for t in told if t["level"] in {"warn", "error"}]
    assert len(warned) == (kind == "domain")
    assert all(w.startswith("server is listening only on the HTTP port") for w in warned)


def test_caddy_would_refuse_a_mistake(caddy):
    """The test above can fail."""
    assert caddy("validate", ":443 {\n\treverse_proxi 127.0.0.1:1\n}").returncode != 0


def test_only_a_domain_of_profile_dev_has_its_certificate_by_acme(kind, text, caddy):
    """There port 80 answers the challenge and redirects; everywhere else one port listens."""
    adapted = json.loads(caddy("adapt", text).stdout)["apps"]
    by_acme = kind == "domain"
    servers = adapted["http"]["servers"].values()
    listening = {port.rpartition(":")[2] for server in servers for port in server["listen"]}
    assert (str(HTTP_PORT) in listening) == by_acme
    assert len(listening) == 1 + by_acme
    by_own_authority = {
        subject
        for policy in adapted["tls"]["automation"]["policies"]
        if [issuer["module"] for issuer in policy.get("issuers", [])] == ["internal"]
        for subject in policy.get("subjects", ["any"])
    }
    named = {"local": "127.0.0.1", "dev": "203.0.113.7", "hardened": BALANCER}
    # Beside a domain, the host's own probes have a certificate of theirs.
    probes = "127.0.0.1" if by_acme else DOMAIN
    assert by_own_authority == {named.get(kind, probes)}


def test_nothing_administers_the_edge(text, caddy):
    """Its configuration comes with the bundle; a port that changes it would be another door."""
    assert json.loads(caddy("adapt", text).stdout)["admin"] == {"disabled": True}
