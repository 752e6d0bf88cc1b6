"""Where a stack's alerts go: its settings, its secrets, and the host's way out."""

import base64
import gzip
from dataclasses import replace

import pulumi
import pytest
import yaml

from infra import bundle, settings
from infra.configuration import NOT_SET, SECRET_KEYS
from infra.errors import UserError
from infra.firewall import rules
from monitoring.alertmanager import SECRETS, Channels, Mail
from tests.infra.recorder import ALLOWED, of_type, run

MAIL = {
    "alertEmail": "team@example.com",
    "alertSmtp": "smtp.example.com:587",
    "alertSmtpUser": "stack@example.com",
    "alertSmtpPassword": "hidden-word",
}
WEB = {
    "alertSlackUrl": "https://hooks.example.com/services/hidden-slack",
    "alertWebhookUrl": "https://example.com/alerts?token=hidden-hook",
}
PLACE = bundle.Place("bucket", "image:1", "203.0.113.7")


def read(**values):
    given = {"owner": "ada", "region": "eu-west-3", "allowedCidr": ALLOWED, **values}
    return settings.read("p", "s", given).channels


def test_a_stack_tells_nobody_unless_it_says_whom():
    """No address is guessed."""
    assert read() == Channels()


def test_each_channel_is_a_setting():
    """The secrets' values are not among the settings."""
    channels = read(**MAIL, **WEB)
    mail = Mail("team@example.com", "smtp.example.com:587", "stack@example.com")
    assert channels == Channels(mail, slack=True, webhook=True)
    assert "hidden" not in repr(channels)


@pytest.mark.parametrize("missing", MAIL)
def test_a_way_by_mail_is_whole_or_absent(missing):
    """Half a way would be found out with the first alert."""
    with pytest.raises(UserError, match="alertSmtpPassword, or none"):
        read(**{key: value for key, value in MAIL.items() if key != missing})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("alertSlackUrl", "hidden-not-an-address"),
        ("alertWebhookUrl", "http://example.com/hidden"),
        # The firewall lets nothing out to such a port.
        ("alertWebhookUrl", "https://example.com:8443/hidden"),
        ("alertSmtpPassword", "hidden word"),
    ],
)
def test_a_bad_secret_is_refused_without_showing_it(key, value):
    """The message names the key and what is allowed."""
    with pytest.raises(UserError, match=f"{key}: the secret is refused") as refused:
        read(**{**MAIL, key: value})
    assert "hidden" not in str(refused.value)


def test_a_secret_goes_nowhere_but_into_its_parameter():
    """Not into the bundle, where Alertmanager's configuration names its file."""
    declared = run("dev", secrets=SECRET_KEYS, allowedCidr=ALLOWED, **MAIL, **WEB)
    holding = [d for d in declared if "hidden-" in str(d.inputs)]
    assert {d.inputs["name"].rpartition("/")[2] for d in holding} == set(SECRETS)
    assert {d.inputs["type"] for d in holding} == {"SecureString"}
    packed = next(d.inputs["contentBase64"] for d in declared if "contentBase64" in d.inputs)
    unpacked = gzip.decompress(base64.b64decode(packed)).decode()
    assert "url_file: alert-webhook-url" in unpacked
    assert "hidden-" not in unpacked


def test_a_secret_in_plain_text_is_refused():
    """It is in the stack's file by then: the message says to change it."""
    with pytest.raises(pulumi.RunError, match="alertSlackUrl: refused") as refused:
        run("dev", secrets=["alertWebhookUrl"], allowedCidr=ALLOWED, **WEB)
    assert "hidden" not in str(refused.value)
    assert "alertWebhookUrl" not in str(refused.value)


def test_what_is_not_set_is_a_parameter_too():
    """The host's agent asks for every secret of a service; Alertmanager reads what it needs."""
    declared = run("dev", allowedCidr=ALLOWED)
    parameters = of_type(declared, "aws:ssm/parameter:Parameter")
    # A secret is wrapped until the engine has it.
    unset = {p.inputs["name"] for p in parameters if NOT_SET in str(p.inputs["value"])}
    assert {name.rpartition("/")[2] for name in unset} == set(SECRETS)


def test_alertmanager_runs_where_its_secrets_are(dev, local):
    """Its configuration names them without a folder, which differs from stack to stack."""
    container = yaml.safe_load(bundle.compose(dev, PLACE))["services"]["alertmanager"]
    assert container["working_dir"] == bundle.IN_CONTAINER["secrets"]
    assert {secret["target"] for secret in container["secrets"]} == set(SECRETS)
    (process,) = (
        p for p in yaml.safe_load(bundle.processes(local, PLACE)) if p["name"] == "alertmanager"
    )
    assert process["directory"] == "{secrets}"


@pytest.mark.parametrize(
    ("mail", "ports"), [(None, []), (Mail("a@b.c", "h:2525", "a@b.c"), [2525])]
)
def test_the_host_reaches_the_mail_server_only_where_there_is_one(dev, mail, ports):
    """On the port that the setting names."""
    table = rules(replace(dev, channels=Channels(mail)))
    assert [rule.port for rule in table if rule.name == "smtp"] == ports
