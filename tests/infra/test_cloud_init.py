"""The user data."""

import dataclasses
import ipaddress
import subprocess

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from infra import cloud_init, settings
from infra.errors import UserError
from infra.services import SERVICES

LIMIT_BYTES = 16 * 1024
BUCKET = "pulumi-mlops-dev-artifacts-0123abc"
VOLUME = "vol-0123456789abcdef0"
NETWORKS = st.builds(
    lambda address, prefix: str(ipaddress.IPv4Network((address, prefix), strict=False)),
    st.integers(0, 2**32 - 1),
    st.integers(8, 32),
)
DOMAINS = st.from_regex(r"([a-z0-9]{1,63}\.){1,3}[a-z]{2,20}", fullmatch=True)
VALID = st.fixed_dictionaries(
    {
        "owner": st.from_regex(r"[\w.@+ -]{1,64}", fullmatch=True),
        "region": st.from_regex(r"[a-z]{2}(-[a-z]{1,12}){1,3}-\d", fullmatch=True),
        "allowedCidr": NETWORKS,
    },
    optional={
        "domain": DOMAINS.filter(lambda name: len(name) <= 253),
        "protectData": st.booleans(),
        "maxMonthlyUsd": st.integers(1, 100_000),
        "instanceType": st.sampled_from(["t3.small", "t4g.small", "m7i.48xlarge"]),
        "dataVolumeGb": st.integers(1, 16384),
        "awsEndpoint": st.just("http://127.0.0.1:4566"),
        "runtime": st.sampled_from(["compose", "processes"]),
        "ports": st.just({"grafana": 65535}),
        "readyTimeoutSeconds": st.integers(10, 3600),
    },
)
STACKS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", fullmatch=True)


def test_user_data_is_small_and_says_where_the_bundle_is(dev):
    """It fits into EC2's limit with room to spare, and can be read back."""
    text = cloud_init.user_data(dev, "bucket-1", "vol-1")
    assert text.startswith("#cloud-config\n")
    assert len(text.encode()) < LIMIT_BYTES / 4
    env = cloud_init.read_host_env(text)
    assert env["BUCKET"] == "bucket-1"
    assert env == cloud_init.host_env(dev, "bucket-1", "vol-1")


def test_scripts_of_the_user_data_keep_their_first_line(dev):
    """A script whose shebang is not its first byte does not start."""
    files = yaml.safe_load(cloud_init.user_data(dev, "b", "vol-1"))["write_files"]
    scripts = [f for f in files if f["permissions"] == "0755"]
    assert len(scripts) == 2
    assert all(
        s["content"].startswith("#!/bin/sh\nset") or s["content"].startswith("#!/bin/sh\n#")
        for s in scripts
    )


def test_user_data_of_others_is_refused():
    """A machine does not guess."""
    with pytest.raises(ValueError, match=r"host\.env"):
        cloud_init.read_host_env("#cloud-config\npackages: []\n")


def test_a_user_data_over_the_limit_is_refused_with_its_largest_file():
    """Who has added something finds it."""
    small = {"path": "/etc/small", "permissions": "0644", "content": "x"}
    large = {"path": "/etc/large", "permissions": "0644", "content": "x" * LIMIT_BYTES}
    text = "#cloud-config\n" + yaml.safe_dump({"write_files": [small, large]})
    with pytest.raises(UserError, match=rf"{len(text)} bytes.*16384.*/etc/large with 16384"):
        cloud_init.judge_size(text)


def test_a_user_data_at_the_limit_is_taken():
    """Only one byte more is refused."""
    text = "write_files: [{path: a, content: b}]\n#"
    cloud_init.judge_size(text.ljust(LIMIT_BYTES, "#"))
    with pytest.raises(UserError, match="16385 bytes"):
        cloud_init.judge_size(text.ljust(LIMIT_BYTES + 1, "#"))


@trying(deadline=None)
@given(STACKS, VALID)
def test_the_user_data_of_every_valid_stack_fits(stack, values):
    """EC2 takes 16 KB; a quarter of it is enough, so a longer name never breaks a deployment."""
    chosen = settings.read("pulumi-mlops", stack, values)
    text = cloud_init.user_data(chosen, BUCKET, VOLUME)
    assert len(text.encode()) < LIMIT_BYTES / 3
    assert yaml.safe_load(text)
    assert cloud_init.read_host_env(text) == cloud_init.host_env(chosen, BUCKET, VOLUME)


def test_a_shell_reads_what_was_written(dev):
    """The install script and systemd take the file of the environment by their own rules."""
    files = yaml.safe_load(cloud_init.user_data(dev, BUCKET, VOLUME))["write_files"]
    (env,) = [f["content"] for f in files if f["path"] == cloud_init.HOST_ENV_PATH]
    shown = subprocess.run(
        ["sh", "-c", f"set -a\n{env}\nenv"], capture_output=True, text=True, check=True, env={}
    ).stdout.splitlines()
    known = cloud_init.host_env(dev, BUCKET, VOLUME)
    assert {f"{name}={value}" for name, value in known.items()} <= set(shown)


def test_nothing_but_name_region_and_ids_is_in_the_user_data(dev):
    """Every other change would replace the host; and what does not enter can't leak."""
    before = cloud_init.user_data(dev, BUCKET, VOLUME)
    changed = dataclasses.replace(
        dev,
        owner="bob",
        domain="ml.example.com",
        profile="hardened",
        certificate_arn="arn:aws:acm:eu-west-3:111122223333:certificate/1",
        ssh_public_key="ssh-ed25519 AAAA ada",
        data_volume_gb=100,
        instance_type="t4g.small",
        ready_timeout_s=60,
        ports={"proxy": 8443},
    )
    assert cloud_init.user_data(changed, BUCKET, VOLUME) == before


def test_the_user_data_has_no_secret_but_where_they_are(dev):
    """Names of parameters stand in the bundle; here is their path only."""
    text = cloud_init.user_data(dev, BUCKET, VOLUME)
    assert cloud_init.secrets_prefix(dev) in text
    assert not [s for service in SERVICES for s in service.secrets if s in text]
