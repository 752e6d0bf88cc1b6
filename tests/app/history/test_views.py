"""History and feedback over HTTP: one's own, at once, and clear refusals."""

import json

import pytest

from app.database.predictions import store
from app.keeper.drain import drain
from tests.app.fakes import SCHEMA
from tests.app.records import one_id, prediction, record


def own(site, name="anna"):
    """A person with a key, and their number."""
    http = site.person(name)
    client = site.client(site.key(http, "predict", "feedback", "history"))
    return client, site.app.extensions["prediction-service"].gate.caller(
        client.environ_base, "history"
    ).user_id


def test_prediction_is_there_the_moment_it_is_answered(site):
    """What was recorded is found before anything was drained, and stays once afterwards."""
    http, user_id = own(site)
    site.journal.record(prediction(1, rows=2, user_id=user_id))
    shown = http.get(f"/predictions/{one_id(1)}").json
    assert shown["rows"][1] == [9.0 + at for at in range(8)]
    assert shown["predictions"] == [1.0, 1.5]
    assert shown["at"] == "1970-01-01T00:16:40.000+00:00"
    assert IDENTITY.items() <= shown.items()
    site.journal.record(prediction(2, user_id=user_id))
    listed = http.get("/predictions").json["predictions"]
    assert [each["id"] for each in listed] == [one_id(2), one_id(1)]
    site.journal.roll()
    drain(site.folder / "journal", site.database)
    assert len(http.get("/predictions").json["predictions"]) == 2


IDENTITY = {"model": "california-housing", "version": "7", "run_id": "run7", "row_count": 2}


def test_feedback_is_taken_the_moment_after(site):
    """A true value may be told at once, alone or in a list; the metric counts each once."""
    http, user_id = own(site)
    site.journal.record(prediction(1, user_id=user_id))
    site.journal.record(prediction(2, rows=2, user_id=user_id))
    one = {"prediction_id": one_id(1), "actual": 4.5}
    assert http.post("/feedback", json=one).json == {"rows": 1, "new": 1}
    assert http.post("/feedback", json=one).json == {"rows": 1, "new": 0}
    many = [{"prediction_id": one_id(2), "row": row, "actual": 3} for row in (0, 1)]
    assert http.post("/feedback", json={"feedback": [*many, one]}).json == {"rows": 3, "new": 2}
    assert http.get(f"/predictions/{one_id(2)}").json["feedback"][1]["actual"] == 3.0
    assert "\nfeedback_rows_total 3.0" in site.client().get("/metrics").text


def test_another_value_for_the_same_row_is_a_conflict(site):
    """A true value is told once: 409 says what it was, and nothing is changed."""
    http, user_id = own(site)
    store(site.database, [record(1, user_id=user_id)])
    http.post("/feedback", json={"prediction_id": one_id(1), "actual": 4.5})
    answer = http.post("/feedback", json={"prediction_id": one_id(1), "actual": 5})
    assert (answer.status_code, answer.json["item"]) == (409, 0)
    assert "4.5" in answer.json["error"]
    assert http.get(f"/predictions/{one_id(1)}").json["feedback"][0]["actual"] == 4.5


ONE = {"prediction_id": one_id(1), "row": 0, "actual": 1.0}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({**ONE, "prediction_id": one_id(9)}, 404),
        ({**ONE, "prediction_id": "x" * 65}, 400),
        ({**ONE, "prediction_id": "a\0b"}, 400),
        ({**ONE, "prediction_id": 7}, 400),
        ({**ONE, "row": 5}, 404),
        ({**ONE, "row": 10**30}, 404),
        ({**ONE, "row": 0.5}, 400),
        ({**ONE, "row": True}, 400),
        ({**ONE, "actual": "4.5"}, 400),
        ({**ONE, "actual": True}, 400),
        ({**ONE, "actual": None}, 400),
        ({**ONE, "actual": float("nan")}, 400),
        ({**ONE, "actual": float("inf")}, 400),
        ({**ONE, "actual": 10**400}, 400),
        ({"prediction_id": one_id(1)}, 400),
        ({**ONE, "predicted": 1.0}, 400),
        ({"feedback": []}, 400),
        ({"feedback": [ONE], "more": 1}, 400),
        ({"feedback": [ONE, 7]}, 400),
        ({"feedback": {}}, 400),
        ({"feedback": [ONE] * 10_001}, 413),
        ([ONE], 400),
        ("nonsense", 400),
    ],
)
def test_feedback_that_cannot_be_taken(site, body, status):
    """Unknown, misshapen, no number: its status, a sentence and the place; nothing is kept."""
    http, user_id = own(site)
    store(site.database, [record(1, user_id=user_id)])
    answer = http.post("/feedback", data=json.dumps(body), content_type="application/json")
    assert answer.status_code == status
    assert answer.json["error"]
    assert answer.json["item"] >= 0
    assert http.get(f"/predictions/{one_id(1)}").json["feedback"] == []


@pytest.mark.parametrize("data", ["", "{", "[" * 100_000, '"\\ud800"'])
def test_feedback_that_is_no_json(site, data):
    """Broken or very deep JSON is 400, another content type 415."""
    http, _ = own(site)
    assert http.post("/feedback", data=data, content_type="application/json").status_code == 400
    assert http.post("/feedback", data=data, content_type="text/plain").status_code == 415


def test_history_comes_in_pages(site):
    """`limit` and the last id lead through all predictions; the last page says so."""
    http, user_id = own(site)
    store(site.database, [record(at, at=float(at), user_id=user_id) for at in range(5)])
    seen, query = [], "?limit=2"
    while query:
        page = http.get(f"/predictions{query}").json
        seen += [each["id"] for each in page["predictions"]]
        query = page["before"] and f"?limit=2&before={page['before']}"
    assert seen == [one_id(at) for at in range(4, -1, -1)]


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=x", "limit=1e3", "before=%00"])
def test_odd_pages_are_refused(site, query):
    """Limits that are no count and ids that are none: 400."""
    http, _ = own(site)
    assert http.get(f"/predictions?{query}").status_code == 400


@pytest.mark.parametrize("path", ["nothing", "x" * 500, "%F0%9F%98%80", "%00"])
def test_unknown_prediction_is_404(site, path):
    """Whatever stands where an id should."""
    http, _ = own(site)
    assert http.get(f"/predictions/{path}").status_code == 404


def test_those_who_say_nothing_share_a_history(open_site):
    """An open service shows anybody what nobody in particular asked, and nothing of a user's."""
    _, user_id = own(open_site)
    store(open_site.database, [record(1), record(2, user_id=user_id)])
    listed = open_site.client().get("/predictions").json["predictions"]
    assert [each["id"] for each in listed] == [one_id(1)]


def test_database_away_is_503(site):
    """History and feedback say so and when to try again; predictions are answered and kept."""
    site.database.close()
    (site.folder / "service.db").unlink()
    (site.folder / "service.db").mkdir()
    http = site.operator()
    assert http.get("/predictions").status_code == 503
    answer = http.post("/feedback", json=ONE)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    answer = http.post("/predict", json={"features": [list(SCHEMA.example_row)]})
    assert answer.status_code == 200
    assert site.journal.record(prediction(1))


def test_what_a_backlog_may_hide_is_not_called_unknown(site):
    """While more waits than is looked at, an id that is not found is asked for again, not 404."""
    http, user_id = own(site)
    for number in (1, 2):
        site.journal.record(prediction(number, rows=9_000, user_id=user_id))
    old, new = ({"prediction_id": one_id(at), "row": 0, "actual": 2.0} for at in (1, 2))
    asked = http.get(f"/predictions/{one_id(1)}"), http.post("/feedback", json=old)
    for answer in asked:
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert http.post("/feedback", json={"feedback": [new, old]}).status_code == 503
    assert http.post("/feedback", json=new).json == {"rows": 1, "new": 1}
    assert [each["id"] for each in http.get("/predictions").json["predictions"]] == [one_id(2)]
    site.journal.roll()
    drain(site.folder / "journal", site.database)
    assert http.get(f"/predictions/{one_id(1)}").status_code == 200
    assert http.get(f"/predictions/{one_id(3)}").status_code == 404


def test_feedback_that_says_a_thing_twice_is_refused(site):
    """Which of two values is the true one nobody can know: nothing is kept."""
    http, user_id = own(site)
    store(site.database, [record(1, user_id=user_id)])
    body = f'{{"prediction_id": "{one_id(1)}", "actual": 1, "actual": 2}}'
    answer = http.post("/feedback", data=body, content_type="application/json")
    assert (answer.status_code, answer.json["item"]) == (400, 0)
    assert "actual" in answer.json["error"]
    assert http.get(f"/predictions/{one_id(1)}").json["feedback"] == []
