"""The security rules at `pulumi preview`, by the real engine."""

import pytest

from tests import emulators
from tests.e2e.rehearsal import PROJECT, Rehearsal

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

PREVIEW = ("preview", "--non-interactive", "--policy-pack", "infra/policies/pack")


@pytest.fixture
def stack(tmp_path):
    """Stack `hardened`, which keeps every rule; its ports are the usual ones, as on AWS."""
    home = tmp_path / "emulator"
    home.mkdir()
    with emulators.moto(home) as endpoint:
        made = Rehearsal(tmp_path / "clone with a space", "hardened", endpoint)
        made._document["config"].pop(f"{PROJECT}:ports")
        # Nobody builds an image here.
        made.configure(runtime="processes", protectData=True)
        made.pulumi("stack", "init")
        yield made


def test_a_flipped_setting_is_refused_before_anything_exists(stack):
    """The program passes as it is; with IMDSv1 the preview fails and says what to do."""
    assert "✅ pulumi-mlops-security" in stack.pulumi(*PREVIEW)

    source = stack.checkout / "infra" / "host.py"
    flipped = source.read_text().replace('"http_tokens": "required"', '"http_tokens": "optional"')
    source.write_text(flipped)
    with pytest.raises(AssertionError) as refusal:
        stack.pulumi(*PREVIEW)

    said = str(refusal.value)
    assert "[mandatory]  metadata-needs-a-token" in said
    assert "metadataOptions.httpTokens is \"optional\"; set http_tokens='required'" in said
