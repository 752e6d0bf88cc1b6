"""The one list of services, and every place that is derived from it."""

import dataclasses
import json
import os

import pytest
import yaml

from infra import bundle, firewall, services, urls
from infra.errors import UserError

PLACE = bundle.Place("bucket", "image:1", "203.0.113.7")
NAMES = [service.name for service in services.SERVICES]


@pytest.mark.parametrize("service", services.SERVICES, ids=NAMES)
def test_every_service_is_in_every_place(service, dev, local):
    """Compose file, processes, firewall, scrape targets and URLs know each service."""
    rendered = bundle.render(dev, PLACE)
    containers = yaml.safe_load(rendered["compose.yaml"])["services"]
    processes = {p["name"] for p in json.loads(bundle.processes(local, PLACE))}
    scraped = yaml.safe_load(rendered["prometheus.yml"])["scrape_configs"]
    targets = {target for job in scraped for c in job["static_configs"] for target in c["targets"]}
    opened = {rule.name for rule in firewall.rules(dev)}
    assert (service.name in containers) == ("compose" in service.runtimes)
    assert (service.name in processes) == ("processes" in service.runtimes)
    assert (f"{service.name}:{service.port}" in targets) == bool(service.metrics_path)
    assert (service.name in opened) == service.public
    shown = "processes" in service.runtimes and service.port is not None
    assert (service.name in urls.urls(local, "127.0.0.1")) == shown
    assert ("ports" in containers[service.name]) == service.public


@pytest.mark.parametrize("service", services.SERVICES, ids=NAMES)
def test_what_a_service_needs_exists_and_can_be_waited_for(service):
    """A need names an earlier service with a health path, so that the order has no circle."""
    earlier = {s.name: s for s in services.SERVICES[: NAMES.index(service.name)]}
    assert all(
        need in earlier and (earlier[need].health_path or earlier[need].health_command)
        for need in service.needs
    )


def test_a_stack_may_move_a_port(local):
    """The address that others use moves with it."""
    moved = dataclasses.replace(local, ports={"mlflow": 5050})
    assert services.ports(moved)["mlflow"] == 5050
    api = next(p for p in json.loads(bundle.processes(moved, PLACE)) if p["name"] == "xgboost-api")
    assert api["environment"]["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:5050"


@pytest.mark.parametrize("wrong", [{"mlfow": 5050}, {"mlflow": 5001}])
def test_a_port_that_cannot_be_is_refused(local, wrong):
    """Unknown services and ports that another service has are named."""
    (name,) = wrong
    with pytest.raises(UserError, match=name):
        services.ports(dataclasses.replace(local, ports=wrong))


def test_nothing_listens_beyond_loopback_on_local(local):
    """No process binds any other address, and none is told of one."""
    text = bundle.processes(local, PLACE)
    assert "0.0.0.0" not in text
    listening = [p for p in json.loads(text) if p["port"] and p["name"] != "proxy"]
    assert all("127.0.0.1" in json.dumps([p["command"], p["environment"]]) for p in listening)
    edge = bundle.render(local, PLACE)["Caddyfile"]
    assert "\tbind 127.0.0.1\n" in edge
    assert edge.count("bind ") == 1


@pytest.mark.parametrize("auth", ["open", "required"])
def test_the_api_is_told_whether_it_asks_who_calls(dev, auth):
    """As the firewall's rule says, by which policies judge the port."""
    chosen = dataclasses.replace(dev, auth=auth)
    container = yaml.safe_load(bundle.compose(chosen, PLACE))["services"]["xgboost-api"]
    assert container["environment"]["AUTH"] == auth
    assert {rule.auth for rule in firewall.rules(chosen) if rule.direction == "in"} == {auth}


def test_the_api_has_a_database_and_a_folder_that_stay(dev, local):
    """Of its own role on PostgreSQL, wherever that listens; a file on this machine."""
    moved = dataclasses.replace(dev, ports={"postgres": 5433})
    container = yaml.safe_load(bundle.compose(moved, PLACE))["services"]["xgboost-api"]
    assert container["environment"]["DATABASE_URL"] == (
        "postgresql+psycopg://service@postgres:5433/service"
    )
    assert container["environment"]["DATA_DIR"] == "/data"
    assert f"{bundle.HOST_DATA}/xgboost-api:/data" in container["volumes"]
    api = next(p for p in json.loads(bundle.processes(local, PLACE)) if p["name"] == "xgboost-api")
    assert api["environment"]["DATABASE_URL"] == "sqlite:///{data}/../xgboost-api/service.db"
    assert api["environment"]["DATA_DIR"] == "{data}"


def test_the_retrainer_finds_the_databases_of_the_others(dev, local):
    """The API's own, of predictions; from the folder of either it is the same file."""
    containers = yaml.safe_load(bundle.compose(dev, PLACE))["services"]
    urls = {containers[n]["environment"]["DATABASE_URL"] for n in ("xgboost-api", "retrainer")}
    assert urls == {"postgresql+psycopg://service@postgres:5432/service"}
    assert containers["retrainer"]["environment"]["API_URL"] == "http://xgboost-api:5001"
    listed = {p["name"]: p["environment"] for p in json.loads(bundle.processes(local, PLACE))}
    files = {
        os.path.normpath(listed[name]["DATABASE_URL"].replace("{data}", f"/disk/{name}"))
        for name in ("xgboost-api", "retrainer")
    }
    assert files == {"sqlite:/disk/xgboost-api/service.db"}


def test_alerts_reach_the_retrainer_where_it_listens(dev):
    """The stack may move its port."""
    moved = dataclasses.replace(dev, ports={"retrainer": 5055})
    document = yaml.safe_load(bundle.render(moved, PLACE)["alertmanager.yml"])
    urls = [w["url"] for r in document["receivers"] for w in r.get("webhook_configs", [])]
    assert urls == ["http://retrainer:5055/alerts"]


def test_mlflow_reaches_the_api_when_an_alias_has_moved(dev, local):
    """By the address that the API registers, which is nobody's outside."""
    container = yaml.safe_load(bundle.compose(dev, PLACE))["services"]["xgboost-api"]
    assert container["environment"]["MODEL_HOOK_URL"] == "http://xgboost-api:5001/models/hook"
    api = next(p for p in json.loads(bundle.processes(local, PLACE)) if p["name"] == "xgboost-api")
    assert api["environment"]["MODEL_HOOK_URL"] == "http://127.0.0.1:5001/models/hook"


def test_no_port_is_open_to_the_world(dev):
    """What comes in comes from the allowed network."""
    inwards = [rule for rule in firewall.rules(dev) if rule.direction == "in"]
    assert {rule.peer for rule in inwards} == {"203.0.113.7/32"}
    assert 22 not in {rule.port for rule in inwards}


def test_api_has_room_for_its_workers_with_their_models():
    """Its container holds every worker, its models twice while they are replaced, and the rest."""
    api = next(service for service in services.SERVICES if service.name == "xgboost-api")
    models_mb = float(api.environment["MODEL_MEMORY_MB"])
    workers = int(api.command[api.command.index("--workers") + 1])
    beside_mb = services.KEEPER_MB + services.SERVER_MB
    assert api.memory_mb >= workers * (services.WORKER_MB + 2 * models_mb) + beside_mb
