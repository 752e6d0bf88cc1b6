"""The user data."""

import pytest
import yaml

from infra import cloud_init
from infra.errors import UserError

LIMIT_BYTES = 16 * 1024


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
