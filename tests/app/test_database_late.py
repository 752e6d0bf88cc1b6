"""PostgreSQL that is not there yet: the service starts without it, and uses it when it comes."""

import pytest

from app.keeper.keeper import Keeper
from app.spool import segments
from tests import postgres
from tests.app.fakes import SCHEMA
from tests.ports import free_port

BODY = {"features": [list(SCHEMA.example_row)]}


@pytest.mark.skipif(postgres.binaries() is None, reason="NO POSTGRESQL ON THIS MACHINE")
def test_predictions_wait_for_postgresql_that_comes_later(make_site, caplog):
    """All are answered with an id meanwhile; then the tables are made and every id is found."""
    port = free_port()
    url = f"postgresql+psycopg://reader:{postgres.PASSWORD}@127.0.0.1:{port}/postgres"
    site = make_site("open", url)
    keeper, http = Keeper(site.settings), site.client()
    ids = []
    for now in (1.0, 2.0):
        keeper.step(now)
        answer = http.post("/predict", json=BODY)
        assert answer.status_code == 200
        ids.append(answer.json["prediction_id"])
        site.journal.roll()
    assert sum("cannot be used" in line.message for line in caplog.records) == 1
    assert http.get("/readyz").status_code == 200
    assert http.get("/predictions").status_code == 503
    told = {"prediction_id": ids[0], "actual": 4.5}
    assert http.post("/feedback", json=told).status_code == 503
    with postgres.scratch() as home, postgres.server(home, port):
        keeper.step(3.0)
        assert segments.bytes_in(site.settings.journal_dir) == 0
        listed = [each["id"] for each in http.get("/predictions").json["predictions"]]
        assert listed == ids[::-1]
        assert http.post("/feedback", json=told).status_code == 200
        keeper.close()
        site.database.close()
    assert http.post("/predict", json=BODY).status_code == 200
