"""The API's description: complete, valid OpenAPI, and that of the model that is served now."""

import dataclasses
import json
import re
import subprocess
import sys

import jsonschema
import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.caller import SCOPES, Caller, RefusedError
from app.factory import create_app
from app.metrics import Metrics
from app.openapi.document import ENTRIES, UNDESCRIBED, operations
from app.openapi.operation import Now
from app.schema import Column, Schema
from app.service import Service
from app.settings import Settings
from tests.app.fakes import MODEL, FakeChampion
from tests.app.security.test_routes_demand_scopes import DEMANDS

TWO = Schema(
    (Column("feature1", -9.0, 9.0, "no unit"), Column("feature2", -9.0, 9.0, "no unit")),
    "class 0 or 1",
    (1.0, 2.0),
    (0, 1),
)


TLS = {"environ_overrides": {"HTTP_X_FORWARDED_PROTO": "https", "REMOTE_ADDR": "127.0.0.1"}}


class Strict:
    """A gate that knows nobody."""

    def caller(self, _environ: object, _scope: str) -> Caller:
        raise RefusedError(401, "who are you?")


def client(champion: FakeChampion | None = None, **parts: object) -> FlaskClient:
    service = Service(Settings(), champion or FakeChampion(), Metrics(), **parts)
    return create_app(service).test_client()


def document(**parts: object) -> dict:
    return client(**parts).get("/openapi.json").json


def rows_of(api: dict, path: str = "/predict") -> dict:
    shapes = api["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    return shapes["anyOf"][0]["properties"]["features"]


def test_routes_and_document_are_the_same():
    """Every operation of the application is in the document, and nothing else is."""
    http = client()
    api = http.get("/openapi.json").json
    found = {f"{verb.upper()} {path}" for path, verbs in api["paths"].items() for verb in verbs}
    assert found | UNDESCRIBED == set(operations(http.application.url_map))


def test_no_description_outlives_its_route():
    """An entry whose route is gone goes too."""
    assert set(ENTRIES) <= set(operations(client().application.url_map))


@pytest.mark.parametrize("champion", [FakeChampion(), FakeChampion(None, "none yet")])
def test_document_is_valid_openapi(champion):
    """The document follows the specification, with a model or without one."""
    OpenAPIV31SpecValidator(document(champion=champion)).validate()


def test_examples_are_valid_and_answered():
    """Each example fits the schema that stands beside it, and is answered with 200."""
    http = client()
    for path in ("/predict", "/explain"):
        api = http.get("/openapi.json").json
        content = api["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        assert len(content["examples"]) == 3
        for example in content["examples"].values():
            jsonschema.Draft202012Validator(content["schema"]).validate(example["value"])
    for example in content["examples"].values():
        assert http.post("/predict", json=example["value"]).status_code == 200


def test_document_follows_the_served_model():
    """With another model, columns, ranges and classes are its own."""
    before = rows_of(document())["items"]["prefixItems"]
    assert [column["title"] for column in before] == list(MODEL.schema.names)
    assert (before[0]["minimum"], before[0]["maximum"]) == (0.1, 20.0)
    api = document(champion=FakeChampion(dataclasses.replace(MODEL, schema=TWO)))
    assert [column["title"] for column in rows_of(api)["items"]["prefixItems"]] == list(TWO.names)
    answer = api["paths"]["/predict"]["post"]["responses"]["200"]["content"]["application/json"]
    assert answer["schema"]["properties"]["predictions"]["items"]["enum"] == [0, 1]


def test_limits_are_those_of_the_settings():
    """The document says how many rows a body may have."""
    api = document()
    assert rows_of(api)["maxItems"] == Settings().max_rows
    assert rows_of(api, "/explain")["maxItems"] == 100


def test_document_says_whether_a_key_is_needed():
    """Where the gate lets nobody in unknown, the document says so; else keys are optional."""
    security = document()["paths"]["/predict"]["post"]["security"]
    assert {} in security
    strict = document(gate=Strict())["paths"]["/predict"]["post"]["security"]
    assert strict == [{"key": []}, {"session": []}]


def test_session_is_the_cookie_that_is_set():
    """Behind TLS it has another name, and the document follows the one who asks."""
    http = client()
    for more, name in (({}, "session"), (TLS, "__Host-session"), ({}, "session")):
        api = http.get("/openapi.json", **more).json
        assert api["components"]["securitySchemes"]["session"]["name"] == name


def test_who_needs_a_caller_may_be_answered_503():
    """The gate asks a database, which may be away."""
    for path in document()["paths"].values():
        for operation in path.values():
            assert "security" not in operation or "503" in operation["responses"]


def test_document_is_made_once_for_a_model():
    """What anybody may ask for costs little: it is made anew when another version is served."""
    champion = FakeChampion()
    http = client(champion)
    kept = http.application.extensions["openapi"]
    http.get("/openapi.json")
    (made,) = kept.values()
    http.get("/docs")
    assert [id(each) for each in kept.values()] == [id(made)]
    champion.default = dataclasses.replace(MODEL, version="8", schema=TWO)
    api = http.get("/openapi.json").json
    assert [each["title"] for each in rows_of(api)["items"]["prefixItems"]] == list(TWO.names)


def test_scopes_are_those_that_the_routes_demand():
    """What the document says a caller needs is what the security tests prove of each route."""
    now = Now([MODEL], Settings())
    for route, demand in DEMANDS.items():
        name = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)
        if name not in UNDESCRIBED:
            assert ENTRIES[name](now).scope == (demand if demand in SCOPES else None), name


def test_description_costs_nothing_before_it_is_asked_for():
    """A worker starts without the libraries that describe, explain and remember."""
    code = "import sys, app.factory; print(*{'apispec', 'sqlalchemy', 'xgboost'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "")


def test_docs_page_shows_every_operation_without_scripts():
    """/docs names each path of the document, and a request that can be copied."""
    http = client()
    page = http.get("/docs")
    assert "<script" not in page.text
    for path in http.get("/openapi.json").json["paths"]:
        assert f"<code>{path}</code>" in page.text
    assert "curl http://localhost/predict" in page.text
    assert "curl https://localhost/predict" in http.get("/docs", **TLS).text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'self'")


def test_index_lists_the_operations_for_programs():
    """The JSON at / names what the document describes."""
    http = client()
    listed = http.get("/").json
    assert set(listed["routes"]) == set(operations(http.application.url_map)) - UNDESCRIBED
    assert json.dumps(listed["example"])
    assert http.post("/predict", json=listed["example"]).status_code == 200
