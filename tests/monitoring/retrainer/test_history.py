"""The figures of retrainings, as Prometheus reads them."""

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from app import loop_metrics as names
from app.database import retrainings
from app.database.connection import Database
from app.database.retrainings import FAILED, PROMOTED, REFUSED
from monitoring.retrainer.history import History

HOUSES = "california-housing"


def figures(database):
    registry = CollectorRegistry()
    registry.register(History(database))
    text = generate_latest(registry).decode()
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def end(database, outcome, at, **found):
    with database.writing() as connection:
        number = retrainings.queue(connection, HOUSES, "FeatureDrift", at, alert_at=at - 10).id
        retrainings.begin(connection, number, retrainings.COLLECTING)
        retrainings.step(connection, number, retrainings.CONFIRMING, **found)
        retrainings.end(connection, number, outcome, "because", at + 30)


def test_counters_begin_at_zero(database):
    """Of every model and outcome: so the first failure is seen as an increase."""
    found = figures(database)
    for outcome in (PROMOTED, REFUSED, FAILED):
        assert found[names.RETRAININGS, HOUSES, outcome] == 0
    assert found[names.RETRAINING_RUNNING,] == 0
    assert (names.RETRAINING_ENDED, HOUSES, PROMOTED) not in found


def test_figures_are_the_tables(database):
    """How many, when the last ended, how long it took, how long from alert to service."""
    end(database, REFUSED, 1_000.0)
    end(database, PROMOTED, 2_000.0, served_at=2_020.0)
    end(database, PROMOTED, 3_000.0, served_at=3_025.0)
    found = figures(database)
    assert found[names.RETRAININGS, HOUSES, PROMOTED] == 2
    assert found[names.RETRAININGS, HOUSES, REFUSED] == 1
    assert found[names.RETRAINING_ENDED, HOUSES, PROMOTED] == 3_030
    assert found[names.RETRAINING_SECONDS, HOUSES, PROMOTED] == 30
    assert found[names.ALERT_TO_SERVED, HOUSES] == 35


def test_one_that_was_not_seen_served_has_no_time_to_service(database):
    """Nobody knows it."""
    end(database, PROMOTED, 2_000.0)
    assert (names.ALERT_TO_SERVED, HOUSES) not in figures(database)


def test_it_tells_that_one_runs(database):
    """From its first try to its end, not while it waits."""
    with database.writing() as connection:
        number = retrainings.queue(connection, HOUSES, "operator", 1_000.0).id
    assert figures(database)[names.RETRAINING_RUNNING,] == 0
    with database.writing() as connection:
        retrainings.begin(connection, number, retrainings.COLLECTING)
    assert figures(database)[names.RETRAINING_RUNNING,] == 1


def test_a_database_that_is_away_fails_no_scrape(tmp_path):
    """The other figures of the service are told all the same."""
    (tmp_path / "service.db").mkdir()
    away = Database(f"sqlite:///{tmp_path}/service.db")
    assert figures(away) == {}
    away.close()
