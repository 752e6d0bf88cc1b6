"""`make down` without anything that runs: what it leaves in the checkout."""

import pytest

from infra.local.lifecycle import STACK, down

SALT = "encryptionsalt: v1:abc\n"


@pytest.mark.parametrize(
    ("settings", "left"),
    [
        ("config:\n  pulumi-mlops:region: eu-west-3\n", ""),
        ("config:\n  pulumi-mlops:token:\n    secure: xyz\n", SALT),
    ],
    ids=["no secret", "a secret"],
)
def test_down_takes_the_engines_salt_out_of_the_tracked_settings(tmp_path, settings, left):
    """Git shows no change that nobody made; a setting that is encrypted can still be read."""
    path = tmp_path / f"Pulumi.{STACK}.yaml"
    path.write_text(settings + SALT)
    assert down(tmp_path) == 0
    assert path.read_text() == settings + left
