"""Every route of the application stands here with what it demands; one that does not, fails."""

import re

import pytest

from app.caller import SCOPES
from app.factory import create_app
from app.metrics import Metrics
from app.service import Service
from app.settings import Settings
from tests.app.fakes import FakeChampion

OPEN = "open"
"""Anybody may: it tells nothing of anybody."""
PERSON = "person"
"""A session: somebody who is logged in, not a key."""
SIGNED = "signed"
"""Who holds MLflow's secret, shown by a signature."""
FORM = "form"
"""Anybody may, in a form of ours or JSON."""

DEMANDS = {
    "GET /": OPEN,
    "GET /healthz": OPEN,
    "GET /readyz": OPEN,
    "GET /metrics": OPEN,
    "GET /ping": OPEN,
    "GET /health": OPEN,
    "GET /version": OPEN,
    "GET /v2": OPEN,
    "GET /v2/health/live": OPEN,
    "GET /v2/health/ready": OPEN,
    "GET /v2/models/<name>": "predict",
    "GET /v2/models/<name>/ready": OPEN,
    "GET /v2/models/<name>/versions/<version>": "predict",
    "GET /v2/models/<name>/versions/<version>/ready": OPEN,
    "GET /history": OPEN,
    "GET /status": OPEN,
    "GET /status/chart.js": OPEN,
    "GET /status/data": "predict",
    "GET /docs": OPEN,
    "GET /openapi.json": OPEN,
    "GET /static/<path:filename>": OPEN,
    "POST /predict": "predict",
    "POST /explain": "predict",
    "POST /invocations": "predict",
    "POST /v2/models/<name>/infer": "predict",
    "POST /v2/models/<name>/versions/<version>/infer": "predict",
    "GET /models": "predict",
    "POST /models/<name>/previous": "manage",
    "POST /models/hook": SIGNED,
    "GET /predictions": "history",
    "GET /predictions/<prediction_id>": "history",
    "POST /feedback": "feedback",
    "GET /register": OPEN,
    "POST /register": FORM,
    "GET /login": OPEN,
    "POST /login": FORM,
    "POST /logout": FORM,
    "GET /account": PERSON,
    "GET /keys": PERSON,
    "POST /keys": PERSON,
    "DELETE /keys/<int:key_id>": PERSON,
    "POST /keys/<int:key_id>/revoke": PERSON,
    "POST /invitations": "manage",
}

SCOPED = sorted(route for route, demand in DEMANDS.items() if demand in SCOPES)


def path_of(route: str) -> tuple[str, str]:
    method, rule = route.split()
    return method, re.sub("<[^>]+>", "1", rule)


def routes_of(app) -> set[str]:
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }


def test_every_route_is_listed():
    """A new route must say here what it demands."""
    app = create_app(Service(Settings(), FakeChampion(), Metrics()))
    assert routes_of(app) == set(DEMANDS)


@pytest.mark.parametrize("route", SCOPED)
def test_a_route_demands_its_scope(site, route):
    """Without a credential 401, with every other scope 403, with its own neither."""
    method, path = path_of(route)
    person = site.person("first")
    others = set(SCOPES) - {DEMANDS[route]}
    statuses = [
        http.open(path, method=method, json={} if method == "POST" else None).status_code
        for http in (
            site.client(),
            site.client(site.key(person, *others)),
            site.client(site.key(person, DEMANDS[route])),
        )
    ]
    assert statuses[:2] == [401, 403]
    assert statuses[2] not in {401, 403}
    assert statuses[2] < 500


@pytest.mark.parametrize(
    "route", sorted(route for route, demand in DEMANDS.items() if demand == PERSON)
)
def test_a_route_for_people_takes_no_key(site, route):
    """Neither nothing nor the operator's key opens what belongs to a person."""
    method, path = path_of(route)
    for http in (site.client(), site.operator()):
        answer = http.open(path, method=method, json={} if method == "POST" else None)
        assert answer.status_code == 401


@pytest.mark.parametrize(
    "route", sorted(route for route, demand in DEMANDS.items() if demand == OPEN)
)
def test_an_open_route_changes_nothing(route):
    """What anybody may ask for is only read."""
    assert route.startswith("GET ")
