"""The host bundle and what is packed into it."""

import io
import json
import re
import tarfile

import yaml

from infra import bundle


def test_the_same_files_give_the_same_bytes():
    """The digest names the content: neither the order nor the time of packing enters."""
    one = bundle.archive({"a": "1", "b": "2"})
    assert one == bundle.archive({"b": "2", "a": "1"})
    assert bundle.digest(one) != bundle.digest(bundle.archive({"a": "1", "b": "3"}))


def test_an_archive_holds_what_was_put_in():
    """Unpacking gives the files back."""
    with tarfile.open(fileobj=io.BytesIO(bundle.archive({"x/y.txt": "hé"}))) as tar:
        assert tar.extractfile("x/y.txt").read().decode() == "hé"


def test_containers_run_without_privileges(dev):
    """Every container is bounded, read-only and cannot gain rights."""
    document = yaml.safe_load(bundle.compose(dev, "bucket", "image:1"))
    for container in document["services"].values():
        assert container["read_only"] is True
        assert container["cap_drop"] == ["ALL"]
        assert container["security_opt"] == ["no-new-privileges:true"]
        assert container["mem_limit"]


def test_no_placeholder_is_left_in_a_container(dev):
    """Whatever a service names in braces is known to the compose file."""
    text = bundle.compose(dev, "bucket", "image:1")
    assert not re.findall(r"\{[a-z_-]+\}", text)


def test_only_the_machines_own_folders_are_left_open_in_processes(local):
    """The machine fills in its folders; everything else is settled by the bundle."""
    text = bundle.processes(local, "bucket", "image:1")
    for name in bundle.KEPT_FOR_HOST:
        text = text.replace("{" + name + "}", "")
    parts = [part for p in json.loads(text) for part in [*p["command"], *p["environment"].values()]]
    assert not any("{" in part for part in parts)
