"""The pages: to whom they are shown, what they hold, and the rules that they carry."""

import dataclasses
import html
import json
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.caller import ANYONE, Caller, RefusedError
from app.factory import create_app
from app.metrics import Metrics
from app.pages import routes
from app.schema import Column, Schema
from app.service import Service
from app.settings import Settings
from tests.app.fakes import MODEL, FakeChampion

STATIC = Path(routes.__file__).with_name("static")
TEMPLATES = Path(routes.__file__).with_name("templates")
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


class Knows:
    """A gate that answers as the test says: None refuses."""

    def __init__(self, caller: Caller | None) -> None:
        self.answer = caller

    def caller(self, _environ: object, _scope: str) -> Caller:
        if self.answer is None:
            raise RefusedError(401, "log in, or send an API key")
        return self.answer


def client(champion: FakeChampion | None = None, caller: Caller | None = ANYONE) -> FlaskClient:
    service = Service(Settings(), champion or FakeChampion(), Metrics(), gate=Knows(caller))
    return create_app(service).test_client()


@pytest.mark.parametrize("accept", ["*/*", "application/json", None])
def test_programs_get_json_at_the_root(accept):
    """Whoever does not ask for a page gets the list of operations."""
    headers = {} if accept is None else {"Accept": accept}
    assert client().get("/", headers=headers).is_json


def test_people_get_a_form_of_the_model():
    """The page has a labelled field for each column, with unit, range and the example."""
    page = client().get("/", headers=BROWSER).text
    for at, column in enumerate(MODEL.schema.columns):
        label = rf'<label for="in-{at}"><b>{column.name}</b> {re.escape(column.unit)}</label>'
        assert re.search(label, page)
        assert f'min="{column.low}" max="{column.high}"' in page
        assert (
            float(re.search(rf'id="in-{at}".*?value="([^"]+)"', page, re.DOTALL)[1])
            == (MODEL.schema.example_row[at])
        )


def test_scripts_learn_the_model_from_the_page():
    """What the scripts read is the model as it is, whatever stands in its names."""
    column = Column('<"quoted" & strange>', 0.0, 1.0, "it's")
    schema = Schema((column,), "100,000 USD", (0.5,))
    model = dataclasses.replace(MODEL, schema=schema)
    page = client(FakeChampion(model)).get("/", headers=BROWSER).text
    data = html.unescape(re.search(r'data-model="([^"]*)"', page)[1])
    assert json.loads(data)["columns"][0]["name"] == column.name
    assert '<"quoted"' not in page


def test_unknown_model_is_not_found():
    """A model that is not served is a 404 that names it."""
    answer = client().get("/?model=elsewhere", headers=BROWSER)
    assert (answer.status_code, "elsewhere" in answer.text) == (404, True)


def test_page_without_a_model_says_what_to_do():
    """Before the first training the page tells how to get a model."""
    page = client(FakeChampion(None, "none yet")).get("/", headers=BROWSER)
    assert (page.status_code, "python -m training.train" in page.text) == (200, True)


def test_stranger_is_asked_to_log_in():
    """Where the gate refuses, the page shows no form but the way to log in."""
    page = client(caller=None).get("/", headers=BROWSER).text
    assert '<a href="/login">Log in</a>' in page
    assert 'id="row"' not in page


def test_header_knows_who_is_logged_in():
    """Who has said who they are gets their account and a form to log out, not a link."""
    page = client(caller=Caller(7, ANYONE.scopes)).get("/history").text
    assert '<form method="post" action="/logout">' in page
    assert 'name="form_token"' in page
    assert ">Log in<" not in page
    assert ">Log in<" in client().get("/history").text


@pytest.mark.parametrize("path", ["/", "/history", "/status", "/docs"])
def test_pages_hold_nothing_that_their_policy_forbids(path):
    """No page has a script, a style or a handler written into it, and each says so."""
    answer = client().get(path, headers=BROWSER)
    assert "'unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", answer.text)


def test_nothing_comes_from_elsewhere():
    """Templates, scripts and style sheet name no other host."""
    for path in (*STATIC.iterdir(), *TEMPLATES.iterdir()):
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "//" not in re.sub(r"(?m)^\s*//.*$|\{\{.*?\}\}", "", text), path.name


def test_every_script_that_is_named_exists():
    """Imports and links lead to files that are served."""
    http = client()
    for path in (*STATIC.glob("*.js"), *TEMPLATES.iterdir()):
        for name in re.findall(r"from \"\./([\w.]+)\"|filename='([\w.]+)'", path.read_text()):
            answer = http.get(f"/static/{''.join(name)}")
            assert answer.status_code == 200, name
            answer.close()


@pytest.mark.parametrize("path", ["/", "/history", "/docs", "/login"])
def test_every_page_leads_to_the_status(path):
    """Whoever wonders whether something is wrong finds it in the header."""
    assert '<a href="/status">Status</a>' in client().get(path, headers=BROWSER).text
