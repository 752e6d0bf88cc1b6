"""The only reader of Pulumi's configuration."""

import json
from collections.abc import Mapping

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret

from infra import costs, settings, size
from infra.errors import UserError
from infra.settings import Settings

SECRET_KEYS = ("alertSmtpPassword", "alertSlackUrl", "alertWebhookUrl")
NOT_SET = "not-set"
"""A parameter can't be empty."""


def read() -> Settings:
    """Read and judge the configuration of the stack that the engine runs.

    A stack that is too small or too dear is refused like any other value.

    Raises
    ------
    UserError
        A value can't be used, or a secret is kept in plain text.
    """
    prefix = f"{pulumi.get_project()}:"
    values = {
        key.removeprefix(prefix): _structured(value)
        # The official language host passes the environment, the automation API a variable.
        for key, value in {**get_config_env(), **CONFIG.get()}.items()
        if key.startswith(prefix)
    }
    _refuse_plain(prefix, values)
    chosen = settings.read(pulumi.get_project(), pulumi.get_stack(), values)
    size.check(chosen)
    costs.judge(chosen)
    return chosen


def _refuse_plain(prefix: str, values: Mapping[str, object]) -> None:
    """Refuse secrets that the stack's file shows to everybody."""
    plain = [key for key in SECRET_KEYS if key in values and not is_config_secret(prefix + key)]
    if plain:
        message = (
            f"{', '.join(plain)}: refused, for its value is in the stack's file for all to read: "
            f"change it where it was made, then `pulumi config set --secret {plain[0]}`"
        )
        raise UserError(message)


def secret(key: str) -> pulumi.Output[str]:
    """Return a secret of the stack, or a word that stands for none."""
    return pulumi.Config().get_secret(key) or pulumi.Output.secret(NOT_SET)


def _structured(value: str) -> object:
    """Return a map that the configuration holds; everything else stays text."""
    if not value.startswith("{"):
        return value
    try:
        parsed: object = json.loads(value)
    except ValueError:
        return value
    return parsed
