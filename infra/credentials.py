"""Generated passwords, keys: a Pulumi secret in the state, a SecureString on AWS, nowhere else."""

import json
import secrets
from collections.abc import Iterable
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import dynamic

from infra import configuration, database
from monitoring import alertmanager

BCRYPT_COST = 10
"""Each request behind the login costs one check, some 50 ms at this cost."""


class _Generator(dynamic.ResourceProvider):
    """Draws a password once; it stays until its resource is replaced."""

    # The provider itself holds no secret: only what it draws is one.
    serialize_as_secret_always = False

    def diff(self, _id: str, _olds: Any, _news: Any) -> dynamic.DiffResult:  # noqa: ANN401
        """Keep what was drawn: other program text is no reason for another password."""
        return dynamic.DiffResult(changes=False)

    def update(self, _id: str, olds: Any, _news: Any) -> dynamic.UpdateResult:  # noqa: ANN401
        """Keep what was drawn."""
        return dynamic.UpdateResult({key: olds[key] for key in ("value", "bcrypt_hash")})

    def create(self, props: Any) -> dynamic.CreateResult:  # noqa: ANN401, ARG002
        """Draw 256 random bits from the operating system."""
        # Imported here: an update that keeps its passwords has no use for it.
        import bcrypt  # noqa: PLC0415

        value = secrets.token_urlsafe(32)
        hashed = bcrypt.hashpw(value.encode(), bcrypt.gensalt(BCRYPT_COST)).decode()
        return dynamic.CreateResult("password", {"value": value, "bcrypt_hash": hashed})


class Password(dynamic.Resource):
    """A password that nobody chose, and its bcrypt hash."""

    value: pulumi.Output[str]
    bcrypt_hash: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        kept = pulumi.ResourceOptions(additional_secret_outputs=["value", "bcrypt_hash"])
        merged = pulumi.ResourceOptions.merge(opts, kept)
        super().__init__(_Generator(), name, {"value": None, "bcrypt_hash": None}, merged)


CHOSEN = dict(zip(alertmanager.SECRETS, configuration.SECRET_KEYS, strict=True))
"""Secrets that people bring, and the setting of each; the others are drawn."""
DRAWN = (
    *("grafana-admin", "operator", "postgres"),
    *("operator-key", "postgres-service", "mlflow-webhook"),
)
OPERATOR = "operator"
"""The one who may look behind the edge: MLflow, Prometheus, Alertmanager."""


def login_line(bcrypt_hash: str) -> str:
    """Return the operator's line in the edge's configuration."""
    return f"{OPERATOR} {bcrypt_hash}"


def pgpass(role: str, password: str) -> str:
    """Return libpq's password file for one role, whose database has its name."""
    return f"*:*:{role}:{role}:{password}"


def fernet_key(password: str) -> str:
    """Return a password as the key of MLflow's encryption: 32 bytes in base64, with its padding."""
    return f"{password}="


class Credentials(pulumi.ComponentResource):
    """Passwords, keys and the alerts' ways out, as the host's parameters.

    Attributes
    ----------
    operator_key
        The API takes it for all that it does: for the operator's own calls, and for the first one.
    """

    parameter_arn: pulumi.Output[str]
    grafana_password: pulumi.Output[str]
    grafana_user_passwords: pulumi.Output[dict[str, str]]
    operator_password: pulumi.Output[str]
    operator_key: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        prefix: str,
        key_arn: pulumi.Input[str],
        grafana_users: Iterable[str] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("pulumi-mlops:infra:Credentials", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        drawn = {of: Password(f"{name}-{of}", opts=inside) for of in DRAWN}
        grafana, operator, key = (drawn[of] for of in ("grafana-admin", OPERATOR, "operator-key"))
        owner, service = drawn["postgres"].value, drawn["postgres-service"].value
        passwords: dict[str, Any] = {
            login: Password(f"{name}-grafana-{login}", opts=inside).value
            for login in sorted(grafana_users)
        }
        users: pulumi.Output[dict[str, str]] = pulumi.Output.secret(passwords)
        values: dict[str, pulumi.Output[str]] = {
            "grafana-admin-password": grafana.value,
            "grafana-user-passwords": users.apply(json.dumps),
            # The edge gets the hash only.
            "operator-login": operator.bcrypt_hash.apply(login_line),
            "operator-key": key.value,
            "postgres-password": owner,
            "mlflow-pgpass": owner.apply(lambda drawn: pgpass(database.OWNER, drawn)),
            "service-password": service,
            "service-pgpass": service.apply(lambda drawn: pgpass(database.SERVICE, drawn)),
            "mlflow-webhook-key": drawn["mlflow-webhook"].value.apply(fernet_key),
            **{secret: configuration.secret(setting) for secret, setting in CHOSEN.items()},
        }
        parameters = [
            aws.ssm.Parameter(
                f"{name}-{secret}",
                name=f"{prefix}{secret}",
                type="SecureString",
                key_id=key_arn,
                value=value,
                opts=inside,
            )
            for secret, value in values.items()
        ]
        # Every parameter of this stack's path, and no other.
        self.parameter_arn = parameters[0].arn.apply(
            lambda arn: f"{arn.removesuffix('grafana-admin-password')}*"
        )
        self.grafana_password = pulumi.Output.secret(grafana.value)
        self.grafana_user_passwords = users
        self.operator_password = pulumi.Output.secret(operator.value)
        self.operator_key = pulumi.Output.secret(key.value)
        self.register_outputs({"parameter_arn": self.parameter_arn})
