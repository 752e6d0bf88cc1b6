"""MLflow's routes: invocations, and what its clients ask before."""

import pytest

from app.factory import create_app
from app.metrics import Metrics
from app.service import Service
from app.settings import Settings
from tests.app.fakes import SCHEMA, FakeChampion

GOOD = list(SCHEMA.example_row)


def client(champion: FakeChampion | None = None):
    return create_app(Service(Settings(), champion or FakeChampion(), Metrics())).test_client()


def test_invocations_answer_predictions_with_their_origin():
    """The answer has MLflow's `predictions`, and ours beside it."""
    answer = client().post("/invocations", json={"instances": [GOOD]}).json
    assert answer["predictions"] == [pytest.approx(sum(GOOD))]
    assert answer["version"] == "7"


@pytest.mark.parametrize(
    ("kwargs", "status", "code"),
    [
        ({"json": {"instances": [[1]]}}, 400, "BAD_REQUEST"),
        ({"data": b"x", "content_type": "text/plain"}, 415, "BAD_REQUEST"),
        ({"json": {}, "query_string": "model=x"}, 404, "RESOURCE_DOES_NOT_EXIST"),
    ],
)
def test_refusals_have_mlflows_shape(kwargs, status, code):
    """A refusal has MLflow's error code and message, and the sentence under our own name too."""
    answer = client().post("/invocations", **kwargs)
    assert answer.status_code == status
    assert answer.json["error_code"] == code
    assert answer.json["message"] == answer.json["error"]


def test_example_of_a_refusal_is_answered():
    """The example that comes with a refusal is a body that MLflow's route takes."""
    http = client()
    example = http.post("/invocations", json={"instances": [[1]]}).json["example"]
    assert http.post("/invocations", json=example).status_code == 200


def test_ping_tells_whether_a_model_is_served():
    """As at MLflow: 200 with a model, 404 without."""
    for path in ("/ping", "/health"):
        assert client().get(path).status_code == 200
        assert client(FakeChampion(None, "none")).get(path).status_code == 404
