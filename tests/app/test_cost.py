"""What a request may cost: in shares of what bare Flask costs, so that any machine may judge."""

import pytest

from app.factory import create_app
from app.hot_path import HotPath
from app.metrics import Metrics
from app.service import Service
from app.settings import Settings
from benchmarks.in_process import Memory, bare_flask, body_of, costs_us, request_to
from tests.app.fakes import MODEL, FakeChampion

ROUNDS = 25
# Measured: 0.6 and 2.2. A regression worth stopping doubles a part; a busy machine does not.
MOST_HOT_PATH, MOST_THROUGH_FLASK = 1.2, 4.5


@pytest.fixture(scope="module")
def lane() -> HotPath:
    """The service of a model that costs next to nothing, with validation, metrics and journal."""
    app = create_app(Service(Settings(), FakeChampion(), Metrics(), journal=Memory()))
    assert isinstance(app.wsgi_app, HotPath)
    return app.wsgi_app


def test_a_row_costs_less_than_a_bare_flask_call(lane):
    """Reading, validating, recording, counting, answering a row: about Flask's own dispatch."""
    body = body_of(MODEL, 1)
    found = costs_us(
        {
            "bare Flask": request_to(bare_flask().wsgi_app, body),
            "hot path": request_to(lane, body),
            "through Flask": request_to(lane.flask, body),
        },
        ROUNDS,
    )
    assert found["hot path"] < MOST_HOT_PATH * found["bare Flask"], found
    assert found["through Flask"] < MOST_THROUGH_FLASK * found["bare Flask"], found


def test_many_rows_cost_little_more_than_their_json(lane):
    """A thousand rows are read, validated and answered in a few times what orjson takes."""
    import orjson  # noqa: PLC0415

    body = body_of(MODEL, 1_000)
    found = costs_us(
        {"orjson": lambda: orjson.loads(body), "hot path": request_to(lane, body)}, ROUNDS
    )
    # Measured: 3.4.
    assert found["hot path"] < 8 * found["orjson"], found
