"""Generated passwords: a Pulumi secret in the state, a SecureString on AWS, nowhere else."""

import secrets
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import dynamic


class _Generator(dynamic.ResourceProvider):
    """Draws a password once; it stays until its resource is replaced."""

    # The provider itself holds no secret: only what it draws is one.
    serialize_as_secret_always = False

    def diff(self, _id: str, _olds: Any, _news: Any) -> dynamic.DiffResult:  # noqa: ANN401
        """Keep what was drawn: other program text is no reason for another password."""
        return dynamic.DiffResult(changes=False)

    def update(self, _id: str, olds: Any, _news: Any) -> dynamic.UpdateResult:  # noqa: ANN401
        """Keep what was drawn."""
        return dynamic.UpdateResult({"value": olds["value"]})

    def create(self, props: Any) -> dynamic.CreateResult:  # noqa: ANN401, ARG002
        """Draw 192 random bits from the operating system."""
        return dynamic.CreateResult("password", {"value": secrets.token_urlsafe(24)})


class Password(dynamic.Resource):
    """A password that nobody chose."""

    value: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        kept = pulumi.ResourceOptions(additional_secret_outputs=["value"])
        merged = pulumi.ResourceOptions.merge(opts, kept)
        super().__init__(_Generator(), name, {"value": None}, merged)


class Credentials(pulumi.ComponentResource):
    """Grafana's admin password, and the parameter that the host reads it from."""

    parameter_arn: pulumi.Output[str]
    grafana_password: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        prefix: str,
        key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("pulumi-mlops:infra:Credentials", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        password = Password(f"{name}-grafana-admin", opts=inside)
        parameter = aws.ssm.Parameter(
            f"{name}-grafana-admin",
            name=f"{prefix}grafana-admin-password",
            type="SecureString",
            key_id=key_arn,
            value=password.value,
            opts=inside,
        )
        self.parameter_arn = parameter.arn
        self.grafana_password = pulumi.Output.secret(password.value)
        self.register_outputs({"parameter_arn": parameter.arn})
