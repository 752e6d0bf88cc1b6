"""What Alertmanager and people ask for, and what is said to those who ask for nothing sensible."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.retrainer.webhook import BadBodyError, Wish, of_alerts, of_operator

HOUSES, CLASSES = "california-housing", "two-feature-classes"
TEN = 1795255200.0


def alert(name="FeatureDrift", model=HOUSES, began="2026-11-21T10:00:00Z", status="firing"):
    return {
        "status": status,
        "labels": {"alertname": name, "model": model, "retrain": "true"},
        "startsAt": began,
    }


def test_alerts_of_a_model_are_one_wish():
    """All are named, once; the time is that of the first."""
    body = {
        "alerts": [
            alert("LiveRmseHigh", began="2026-11-21T10:05:00.123456789Z"),
            alert("FeatureDrift", began="2026-11-21T11:00:00+01:00"),
            alert("FeatureDrift", began="2026-11-21T10:30:00Z"),
        ]
    }
    assert of_alerts(body) == [Wish(HOUSES, "FeatureDrift + LiveRmseHigh", TEN)]


def test_a_model_of_somebody_elses_is_left_out():
    """It would keep the others of the same message from being retrained."""
    body = {"alerts": [alert(model="boats"), alert()]}
    assert [wish.model for wish in of_alerts(body)] == [HOUSES]
    assert of_alerts({"alerts": [alert(model="boats")]}) == []


def test_each_model_has_its_own_wish():
    """A message about two models asks for two retrainings."""
    body = {"alerts": [alert(), alert(model=CLASSES)]}
    assert [wish.model for wish in of_alerts(body)] == [HOUSES, CLASSES]


def test_what_has_passed_asks_for_nothing():
    """A resolved alert is none, whatever it is about."""
    assert of_alerts({"alerts": [alert(status="resolved", model="gone")]}) == []
    assert of_alerts({"alerts": []}) == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (None, "the body: nothing: must be a JSON object"),
        ([], r"the body: \[\]: must be a JSON object"),
        ({}, "alerts: nothing: must be a list"),
        ({"alerts": {}}, r"alerts: {}: must be a list"),
        ({"alerts": ["x"]}, r"alerts\[0\]: 'x': must be a JSON object"),
        ({"alerts": [alert(), {"status": "firing"}]}, r"alerts\[1\]\.labels: nothing"),
        ({"alerts": [alert(name=7)]}, "alertname: 7: must be the alert's name"),
        ({"alerts": [alert(model=["x"])]}, r"\['x'\]: must be the model's name"),
        ({"alerts": [alert(model=None)]}, "labels.model: nothing: must be the model's name"),
        ({"alerts": [alert(began="soon")]}, "startsAt: 'soon': must be a time, as 2026"),
        ({"alerts": [alert(began="2026-11-21T10:00:00")]}, "must be a time"),
        ({"alerts": [alert(began=3)]}, "startsAt: 3: must be a time"),
        ({"alerts": [alert(began="0001-01-01T00:00:00Z")]}, "must be a time"),
        ({"alerts": [alert(began=None)]}, "startsAt: nothing: must be a time"),
        ({"alerts": "x" * 10_000}, "^.{0,150}$"),
    ],
)
def test_what_is_no_webhook_is_refused_with_the_place(body, told):
    """Whoever configures the sender reads which field has which value."""
    with pytest.raises(BadBodyError, match=told):
        of_alerts(body)


def test_a_person_names_a_model_and_perhaps_a_recipe():
    """The trigger says that it was a person."""
    assert of_operator({"model": HOUSES}) == Wish(HOUSES, "operator")
    assert of_operator({"model": HOUSES, "recipe": "xgboost-geo"}).recipe == "xgboost-geo"
    assert of_operator({"model": HOUSES, "recipe": None}).recipe is None


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("x", "must be a JSON object"),
        ({}, "model: nothing: there is no such model"),
        ({"model": "boats"}, "model: 'boats'"),
        ({"model": HOUSES, "recipe": 7}, "recipe: 7: must be the name of one"),
        ({"model": HOUSES, "recipe": "../x"}, "recipe: '../x'"),
        ({"model": HOUSES, "force": True}, "'force': there is no such field"),
    ],
)
def test_what_a_person_cannot_mean_is_refused(body, told):
    """A mistyped field is not left out in silence."""
    with pytest.raises(BadBodyError, match=told):
        of_operator(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["alerts", "status", "labels", "alertname", "model", "startsAt", "x"])
            | st.text(max_size=3),
            inner | st.sampled_from(["firing", HOUSES, "2026-11-21T10:00:00Z"]),
            max_size=6,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_read_or_refused(body):
    """No body whatever makes an error of another kind."""
    for read in (of_alerts, of_operator):
        with suppress(BadBodyError):
            read(body)
