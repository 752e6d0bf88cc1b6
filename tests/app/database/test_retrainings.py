"""Retrainings in the database: one at a time of each model, and what is remembered of them."""

import threading

import pytest

from app.database import retrainings
from app.database.connection import Database
from app.database.retrainings import FAILED, PROMOTED, REFUSED


@pytest.fixture
def connection(database):
    with database.writing() as open_one:
        yield open_one


def ended(connection, outcome, model="houses", at=10.0, alert_at=None, **found):
    """Return a retraining that ended so."""
    number = retrainings.queue(connection, model, "operator", at, alert_at=alert_at).id
    retrainings.begin(connection, number, retrainings.COLLECTING)
    retrainings.step(connection, number, stage=retrainings.FITTING, **found)
    retrainings.end(connection, number, outcome, "because", at + 5)
    return retrainings.one(connection, number)


def test_retraining_is_queued_with_what_it_was_asked_for(connection):
    """A new one waits, was never begun, and knows its trigger, the alert's time and the recipe."""
    queued = retrainings.queue(
        connection, "houses", "FeatureDrift", 7.0, alert_at=5.0, recipe="linear"
    )
    assert (queued.stage, queued.tries, queued.outcome) == (retrainings.QUEUED, 0, None)
    assert (queued.trigger, queued.at, queued.alert_at) == ("FeatureDrift", 7.0, 5.0)
    assert queued.recipe == "linear"
    assert retrainings.unfinished(connection) == [queued]


def test_alerts_meanwhile_join_it(connection):
    """Another alert is named beside the first, once; the first alert's time stays."""
    first = retrainings.queue(connection, "houses", "FeatureDrift", 7.0, alert_at=5.0)
    for _ in range(2):
        joined = retrainings.queue(connection, "houses", "LiveRmseHigh", 8.0, alert_at=6.0)
    assert joined.id == first.id
    assert joined.trigger == "FeatureDrift + LiveRmseHigh"
    assert joined.alert_at == 5.0


def test_alerts_that_come_together_join_it_by_name(connection):
    """Alertmanager repeats them as one, in another order or with one more: each is named once."""
    retrainings.queue(connection, "houses", "LiveRmseHigh", 7.0)
    for trigger in ("FeatureDrift + LiveRmseHigh", "FeatureDrift + LiveRmseHigh", "FeatureDrift"):
        joined = retrainings.queue(connection, "houses", trigger, 8.0)
    assert joined.trigger == "LiveRmseHigh + FeatureDrift"


def test_alert_gives_its_time_to_one_that_had_none(connection):
    """What the schedule began and an alert joined counts from the alert."""
    retrainings.queue(connection, "houses", "schedule", 7.0)
    assert retrainings.queue(connection, "houses", "FeatureDrift", 8.0, alert_at=6.0).alert_at == 6


def test_trigger_never_outgrows_its_column(connection):
    """Many alerts join one retraining: the text ends, the retraining does not fail."""
    for number in range(40):
        joined = retrainings.queue(connection, "houses", f"AnotherAlert{number}", 7.0)
    assert len(joined.trigger) == retrainings.TRIGGER_CHARACTERS


def test_models_wait_for_each_other_and_begun_ones_come_first(connection):
    """Each model has its own; an interrupted one is taken up before one that never began."""
    first = retrainings.queue(connection, "houses", "operator", 1.0)
    second = retrainings.queue(connection, "classes", "operator", 2.0)
    retrainings.begin(connection, second.id, retrainings.COLLECTING)
    assert [each.id for each in retrainings.unfinished(connection)] == [second.id, first.id]


def test_two_at_once_make_one(database):
    """However many ask at the same time, one retraining stands in the table."""

    def ask(database=database):
        own = Database(database.engine.url.render_as_string(hide_password=False), 10)
        with own.writing() as connection:
            retrainings.queue(connection, "houses", "operator", 1.0)
        own.close()

    asking = [threading.Thread(target=ask) for _ in range(4)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    with database.reading() as connection:
        assert len(retrainings.newest(connection, 10)) == 1


def test_stages_tries_and_findings_are_kept(connection):
    """What one stage found stands there for the next, and for whoever takes it up again."""
    number = retrainings.queue(connection, "houses", "operator", 1.0).id
    retrainings.begin(connection, number, retrainings.COLLECTING)
    retrainings.step(connection, number, stage=retrainings.FITTING, labelled=700, collected_at=3.0)
    retrainings.interrupted(connection, number, "MLflow is away")
    assert retrainings.one(connection, number).reason == "MLflow is away"
    retrainings.begin(connection, number, retrainings.COLLECTING)
    found = retrainings.one(connection, number)
    assert (found.tries, found.labelled, found.collected_at) == (2, 700, 3.0)
    assert (found.stage, found.reason) == (retrainings.COLLECTING, "")


def test_what_has_ended_keeps_its_end(connection):
    """A job that was thought dead and comes late changes nothing any more."""
    done = ended(connection, PROMOTED)
    retrainings.end(connection, done.id, FAILED, "late", 99.0)
    retrainings.step(connection, done.id, stage=retrainings.JUDGING)
    assert retrainings.one(connection, done.id) == done


def test_long_reason_is_cut(connection):
    """However much an error says, the end is kept."""
    number = retrainings.queue(connection, "houses", "operator", 1.0).id
    retrainings.end(connection, number, FAILED, "x" * 5_000, 2.0)
    assert len(retrainings.one(connection, number).reason) == retrainings.REASON_CHARACTERS


def test_newest_come_first(connection):
    """The history is read from its end, and no longer than asked."""
    numbers = [ended(connection, REFUSED).id for _ in range(3)]
    assert [each.id for each in retrainings.newest(connection, 2)] == [numbers[2], numbers[1]]


def test_tallies_count_by_model_and_outcome(connection):
    """Counters are of the table: they survive every restart."""
    ended(connection, REFUSED)
    ended(connection, PROMOTED)
    last = ended(connection, PROMOTED, at=20.0)
    ended(connection, FAILED, "classes")
    retrainings.queue(connection, "houses", "operator", 30.0)
    found = {(each.model, each.outcome): each for each in retrainings.tallies(connection)}
    counts = {key: each.count for key, each in found.items()}
    assert counts == {("classes", FAILED): 1, ("houses", PROMOTED): 2, ("houses", REFUSED): 1}
    assert found["houses", PROMOTED].last == last


def test_the_last_that_was_judged_is_known(connection):
    """What failed before it had a challenger learnt nothing; what could not go live did."""
    refused = ended(connection, REFUSED)
    ended(connection, FAILED)
    assert retrainings.last_judged(connection, "houses") == refused
    assert retrainings.last_judged(connection, "classes") is None
    assert retrainings.last_asked(connection, "houses").outcome == FAILED
    taken_back = ended(connection, FAILED, version="4")
    retrainings.step(connection, retrainings.queue(connection, "houses", "x", 9).id, version="5")
    assert retrainings.last_judged(connection, "houses") == taken_back


def test_alerts_in_vain_are_counted_since_the_last_promotion(connection):
    """Not what was promoted, had too few rows, was the schedule's, of another model or long ago."""

    def count():
        return retrainings.alerted_in_vain(connection, "houses", 9.0)

    ended(connection, REFUSED, version="2", alert_at=9.5)
    assert count() == 1
    ended(connection, PROMOTED, version="3", alert_at=9.5)
    assert count() == 0
    ended(connection, REFUSED, alert_at=9.5)
    ended(connection, REFUSED, version="4")
    ended(connection, REFUSED, "classes", version="1", alert_at=9.5)
    ended(connection, REFUSED, at=9.0, version="5", alert_at=8.5)
    assert count() == 0
    ended(connection, REFUSED, version="6", alert_at=9.5)
    ended(connection, FAILED, version="7", alert_at=9.5)
    assert count() == 2
