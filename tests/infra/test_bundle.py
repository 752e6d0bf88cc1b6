"""The host bundle and what is packed into it."""

import configparser
import dataclasses
import io
import json
import re
import shlex
import tarfile

import pytest
import yaml

from infra import bundle
from infra.local import supervision
from infra.local.agent import LocalService
from infra.local.machine import Machine
from infra.services import services_of

PLACE = bundle.Place("bucket", "image:1", "203.0.113.7")


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
    document = yaml.safe_load(bundle.compose(dev, PLACE))
    for container in document["services"].values():
        assert container["read_only"] is True
        assert container["cap_drop"] == ["ALL"]
        assert container["security_opt"] == ["no-new-privileges:true"]
        assert container["mem_limit"]
        assert container["user"] not in {"0", "0:0", "root"}
        assert container["logging"]["options"]["max-size"]
        assert set(container.get("cap_add", [])) <= {"NET_BIND_SERVICE"}


def test_compose_fills_in_nothing_of_its_own(dev):
    """A dollar sign is for the shell in the container: compose would read a variable there."""
    text = bundle.compose(dev, PLACE)
    assert "$$@" in text
    assert not re.findall(r"(?<!\$)\$(?!\$)", text)


def test_a_container_has_time_to_finish_what_it_is_at(dev):
    """The API longer than its server waits for its workers."""
    containers = yaml.safe_load(bundle.compose(dev, PLACE))["services"]
    assert all(c["stop_grace_period"] for c in containers.values())
    api = containers["xgboost-api"]
    workers_s = int(api["entrypoint"][api["entrypoint"].index("--workers-kill-timeout") + 1])
    assert int(api["stop_grace_period"].removesuffix("s")) > workers_s


def test_only_the_edge_is_published(dev):
    """A container's port is reached through the proxy, never directly."""
    containers = yaml.safe_load(bundle.compose(dev, PLACE))["services"]
    assert {name: c["ports"] for name, c in containers.items() if "ports" in c} == {
        "proxy": ["443:443"]
    }


def test_every_lasting_container_is_asked_for_its_health(dev):
    """`compose up --wait`, on which a rollout relies, waits for health checks."""
    containers = yaml.safe_load(bundle.compose(dev, PLACE))["services"]
    lasting = [c for c in containers.values() if c["restart"] == "unless-stopped"]
    assert len(lasting) == 9
    assert all(c["healthcheck"]["test"][0] == "CMD" for c in lasting)


def test_a_secret_is_a_file_of_its_service(dev):
    """Compose mounts it; neither the file nor the environment holds its value."""
    document = yaml.safe_load(bundle.compose(dev, PLACE))
    for name, container in document["services"].items():
        for secret in container.get("secrets", []):
            file = document["secrets"][secret["source"]]["file"]
            assert file == f"{bundle.HOST_SECRETS}/{name}/{secret['target']}"


def test_what_a_container_names_is_in_the_file(dev):
    """Its secrets and the services that it waits for; no program for compose files sees that."""
    document = yaml.safe_load(bundle.compose(dev, PLACE))
    used = set()
    for container in document["services"].values():
        assert set(container.get("depends_on", {})) <= set(document["services"])
        used |= {secret["source"] for secret in container.get("secrets", [])}
    assert used == set(document["secrets"])


def test_the_agent_asks_the_edge_where_it_listens(dev):
    """On the port that the stack sets, by address."""
    layout = json.loads(bundle.layout(dataclasses.replace(dev, ports={"proxy": 8443})))
    assert layout["ready"] == "https://127.0.0.1:8443/readyz"
    assert set(layout["services"]) == {s.name for s in services_of("compose")}


@pytest.mark.parametrize(("hours", "told"), [(None, ""), (24, "24")])
def test_both_hosts_know_when_to_retrain(dev, local, hours, told):
    """As often as the stack sets it, or only when an alert or a person asks for it."""
    often = dataclasses.replace(dev, train_every_hours=hours)
    container = yaml.safe_load(bundle.compose(often, PLACE))["services"]["retrainer"]
    assert container["environment"]["RETRAIN_EVERY_HOURS"] == told
    listed = json.loads(
        bundle.processes(dataclasses.replace(local, train_every_hours=hours), PLACE)
    )
    process = next(p for p in listed if p["name"] == "retrainer")
    assert process["environment"]["RETRAIN_EVERY_HOURS"] == told


def test_a_container_has_room_for_the_job_that_it_starts(dev):
    """A retraining runs in the container of its service."""
    containers = yaml.safe_load(bundle.compose(dev, PLACE))["services"]
    for service in services_of("compose"):
        limit = f"{service.memory_mb + service.job_mb}m"
        assert containers[service.name]["mem_limit"] == limit
    assert containers["retrainer"]["mem_limit"] == "1056m"


def test_a_rollout_restarts_only_who_reads_the_bundle(dev):
    """A service without configuration files keeps running when another one's file changes."""
    containers = yaml.safe_load(bundle.compose(dev, PLACE))["services"]
    reading = {n for n, c in containers.items() if any("./:" in v for v in c.get("volumes", []))}
    assert reading == {"proxy", "prometheus", "alertmanager", "grafana"}


def test_the_host_gets_its_agent_with_the_bundle(dev):
    """The agent's own modules are there, byte for byte, and they need no other of this project."""
    files = bundle.render(dev, PLACE)
    carried = {path: text for path, text in files.items() if path.startswith("infra/")}
    assert set(carried) >= {"infra/onhost/agent.py", "infra/onhost/disk.py"}
    text = "\n".join(carried.values())
    imported = re.findall(r"^(?:from|import) (infra[\w.]*)", text, re.MULTILINE)
    assert imported
    assert all(module.startswith("infra.onhost.") for module in imported)


def test_dashboards_are_open_on_ones_own_machine_only(dev, local):
    """Anywhere else Grafana asks who it is."""
    containers = yaml.safe_load(bundle.compose(dev, PLACE))["services"]
    assert containers["grafana"]["environment"]["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    (grafana,) = (p for p in json.loads(bundle.processes(local, PLACE)) if p["name"] == "grafana")
    assert grafana["environment"]["GF_AUTH_ANONYMOUS_ENABLED"] == "true"


def test_no_placeholder_is_left_in_a_container(dev):
    """Whatever a service names in braces is known to the compose file."""
    text = bundle.compose(dev, PLACE)
    assert not re.findall(r"\{[a-z_-]+\}", text)


def test_the_supervisor_can_read_every_process(local, tmp_path):
    """Its file has one line a value, and a machine's folder may have a blank in its name."""
    described = json.loads(bundle.processes(local, PLACE))
    machine = Machine(tmp_path / "a folder")
    machine.home.mkdir()
    programs = [LocalService(**entry).program(machine) for entry in described]
    supervision.write_programs(machine.home, programs)
    read = configparser.RawConfigParser()
    read.read(machine.home / "services.ini")
    for program in programs:
        command = read[f"program:{program.name}"]["command"].replace("%%", "%")
        assert shlex.split(command) == program.command


def test_only_the_machines_own_folders_are_left_open_in_processes(local):
    """The machine fills in its folders; everything else is settled by the bundle."""
    text = bundle.processes(local, PLACE)
    for name in bundle.KEPT_FOR_HOST:
        text = text.replace("{" + name + "}", "")
    parts = [part for p in json.loads(text) for part in [*p["command"], *p["environment"].values()]]
    assert not any("{" in part for part in parts)
