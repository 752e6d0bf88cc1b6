"""Generated passwords."""

import base64
import gzip
import json

import bcrypt
import pytest
from cryptography.fernet import Fernet

from infra import credentials
from infra.configuration import NOT_SET
from infra.credentials import OPERATOR, _Generator, fernet_key, login_line, pgpass
from tests.infra.recorder import ALLOWED, CERTIFICATE, Recorder, of_type, record

SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
PARAMETER = "aws:ssm/parameter:Parameter"


def drawn():
    return _Generator().create({}).outs


def test_the_hash_fits_the_password():
    """Caddy compares them; a check costs what one request may cost."""
    made = drawn()
    assert bcrypt.checkpw(made["value"].encode(), made["bcrypt_hash"].encode())
    assert not bcrypt.checkpw(b"admin", made["bcrypt_hash"].encode())
    assert int(made["bcrypt_hash"].split("$")[2]) == credentials.BCRYPT_COST


def test_no_two_passwords_are_alike_and_each_is_long():
    """256 bits of the system's randomness, in signs that no file or URL must escape."""
    values = {drawn()["value"] for _ in range(5)}
    assert len(values) == 5
    assert all(len(value) == 43 for value in values)
    assert all(set(value) <= set(SIGNS) for value in values)


def test_a_password_fits_into_what_bcrypt_looks_at():
    """It ignores all beyond 72 bytes."""
    assert len(drawn()["value"]) < 72


def test_what_was_drawn_is_kept():
    """Neither new program text nor new inputs draw another."""
    made = drawn()
    generator = _Generator()
    assert generator.diff("password", made, {"value": None}).changes is False
    kept = generator.update("password", {**made, "__provider": "old"}, {"__provider": "new"}).outs
    assert kept == made


def test_files_of_the_host_have_the_form_that_their_readers_know():
    """Caddy's basic_auth and libpq's password file."""
    assert login_line("$2b$10$abc") == f"{OPERATOR} $2b$10$abc"
    assert pgpass("mlflow", "p") == "*:*:mlflow:mlflow:p"


def test_mlflow_takes_the_key_for_its_webhooks_secrets():
    """A key of another length would end it at the first webhook."""
    cipher = Fernet(fernet_key(drawn()["value"]))
    assert cipher.decrypt(cipher.encrypt(b"secret")) == b"secret"


class Drawing(Recorder):
    """Answers the declaration of a password with one that is easily found again."""

    def new_resource(self, args):
        resource_id, state = super().new_resource(args)
        if args.typ.startswith("pulumi-python:dynamic"):
            state |= {"value": f"drawn-{args.name}", "bcrypt_hash": f"$2b$-{args.name}"}
        return resource_id, state


@pytest.mark.parametrize("profile", [{}, {"profile": "hardened", "certificateArn": CERTIFICATE}])
def test_a_password_goes_nowhere_but_into_its_parameter(profile):
    """Not into the user data, not into the bundle, not into a tag; the operator's as a hash.

    The API's key is an input of who asks for the first prediction, too.
    """
    declared, _ = record(
        Drawing(), "dev", allowedCidr=ALLOWED, grafanaUsers={"ana": "Viewer"}, **profile
    )
    hidden = ("drawn-", "$2b$-")
    holding = {d.name for d in declared if any(h in str(d.inputs) for h in hidden)}
    parameters = of_type(declared, PARAMETER)
    brought = {p.name for p in parameters if NOT_SET in str(p.inputs["value"])}
    assert len(brought) == 3
    (ready,) = [d for d in declared if d.name.endswith("-ready")]
    assert holding == {p.name for p in parameters} - brought | {ready.name}
    assert len(holding) == 10
    assert [k for k, v in ready.inputs.items() if any(h in str(v) for h in hidden)] == ["key"]
    packed = next(d.inputs["contentBase64"] for d in declared if "contentBase64" in d.inputs)
    unpacked = gzip.decompress(base64.b64decode(packed)).decode()
    assert "Caddyfile" in unpacked
    assert not any(h in unpacked for h in hidden)
    assert {p.inputs["type"] for p in parameters} == {"SecureString"}
    (login,) = [p for p in parameters if p.inputs["name"].endswith("operator-login")]
    assert "drawn-" not in login.inputs["value"]


def test_each_of_grafanas_users_gets_a_password_of_their_own():
    """All in one parameter, which the service that makes them reads; and an output for people."""
    users = {"ben": "Viewer", "ana": "Editor"}
    declared, _ = record(Drawing(), "dev", allowedCidr=ALLOWED, grafanaUsers=users)
    (passwords,) = [
        p.inputs["value"]
        for p in of_type(declared, PARAMETER)
        if p.inputs["name"].endswith("grafana-user-passwords")
    ]
    drawn_ones = {login: f"drawn-pulumi-mlops-dev-grafana-{login}" for login in sorted(users)}
    assert json.dumps(drawn_ones) in str(passwords)
    packed = next(d.inputs["contentBase64"] for d in declared if "contentBase64" in d.inputs)
    unpacked = gzip.decompress(base64.b64decode(packed)).decode()
    assert "GRAFANA_USERS: ana=Editor ben=Viewer" in unpacked
