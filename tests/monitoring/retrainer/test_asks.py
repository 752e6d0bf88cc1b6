"""Who starts a retraining and when: not twice for the same rows, not while one runs."""

import pytest

from app.database import retrainings
from app.database.feedback import FeedbackError, Told, add
from app.database.retrainings import FAILED, PROMOTED, REFUSED
from monitoring.retrainer.asks import (
    OtherRecipeError,
    by_alert,
    by_operator,
    by_schedule,
    news_needed,
)
from monitoring.retrainer.policy import IN_VAIN_S, NEW_ROWS, NEWEST_ROWS
from monitoring.retrainer.webhook import Wish
from tests.monitoring.retrainer.logged import log_rows
from training.generate import generate

HOUSES = "california-housing"
DRIFT = Wish(HOUSES, "FeatureDrift", alert_at=90.0)
HOUR_S = 3600.0


def ask(database, wish=DRIFT, now=100.0):
    with database.writing() as connection:
        return by_alert(connection, wish, now)


def end(database, number, outcome, collected_at=110.0, version=None):
    with database.writing() as connection:
        retrainings.begin(connection, number, retrainings.COLLECTING)
        retrainings.step(connection, number, collected_at=collected_at, version=version)
        retrainings.end(connection, number, outcome, "because", 120.0)


def can(database, now):
    """Tell whether an alert would start one, without starting it."""
    with database.engine.connect() as connection:
        return by_alert(connection, DRIFT, now) is not None


def tell(database, rows, at, seed=0):
    houses = generate(600, seed)
    return log_rows(database, HOUSES, houses.features[:rows], houses.target[:rows], at=at)


def test_the_first_alert_starts_one(database):
    """Whatever is known: why it cannot be done is then in the history."""
    queued = ask(database)
    assert (queued.trigger, queued.alert_at, queued.stage) == ("FeatureDrift", 90.0, "queued")


def test_two_alerts_at_once_start_one(database):
    """The second joins the first, running or not."""
    first = ask(database)
    with database.writing() as connection:
        retrainings.begin(connection, first.id, retrainings.COLLECTING)
    second = ask(database, Wish(HOUSES, "LiveRmseHigh", alert_at=95.0))
    assert (second.id, second.trigger) == (first.id, "FeatureDrift + LiveRmseHigh")
    assert second.alert_at == 90.0


@pytest.mark.parametrize("outcome", [PROMOTED, REFUSED])
def test_an_alert_that_is_sent_again_starts_none(database, outcome):
    """Until so many more true values are known: those before were fitted on."""
    tell(database, 600, at=50.0)
    end(database, ask(database).id, outcome)
    assert ask(database) is None
    tell(database, NEW_ROWS - 1, at=200.0, seed=1)
    assert ask(database) is None
    tell(database, 1, at=300.0, seed=2)
    assert ask(database).id == 2


def test_a_failed_one_is_tried_again(database):
    """It has learnt nothing from those rows: the alert's repetition is another chance."""
    end(database, ask(database).id, FAILED)
    assert ask(database) is not None


def test_what_fails_again_and_again_is_tried_ever_more_seldom(database):
    """A job that the kernel ends for lack of memory would take the host's processor for good."""
    waited = []
    for number in range(1, 7):
        end(database, ask(database, now=1e6 * number).id, FAILED)
        ended = 120.0
        waited.append(next(s for s in (0, 600, 1200, 2400, 3600) if can(database, ended + s)))
    assert waited == [0, 600, 1200, 2400, 3600, 3600]


def test_a_recipe_that_a_person_wanted_says_nothing_of_the_rows(database):
    """The champion's own may be better on the very same ones."""
    with database.writing() as connection:
        wish = Wish(HOUSES, "operator", recipe="linear")
        queued = by_operator(connection, wish, 100.0)
    end(database, queued.id, REFUSED, version="2")
    assert ask(database) is not None


def test_one_whose_challenger_could_not_go_live_waits_for_news(database):
    """The API would refuse the next one of the same rows too, every few minutes."""
    end(database, ask(database).id, FAILED, version="2")
    assert ask(database) is None


@pytest.mark.parametrize("outcome", [REFUSED, FAILED])
def test_an_alert_that_no_challenger_ends_asks_ever_more_seldom(database, outcome):
    """Each is fitted and kept in MLflow for good: twice the news is needed after each in vain."""
    tell(database, 600, at=50.0)
    end(database, ask(database).id, outcome, version="2")
    tell(database, 2 * NEW_ROWS - 1, at=200.0, seed=1)
    assert ask(database) is None
    tell(database, 1, at=300.0, seed=2)
    assert ask(database).id == 2


def test_what_alerts_asked_for_in_vain_is_forgotten(database):
    """Another drift, another day: it is answered as if it were the first."""
    end(database, ask(database).id, REFUSED, version="2")
    tell(database, NEW_ROWS, at=200.0)
    assert ask(database, now=100.0 + IN_VAIN_S - 1) is None
    assert ask(database, now=100.0 + IN_VAIN_S + 1).id == 2


def test_no_more_news_is_waited_for_than_one_learns_from():
    """All that it would be fitted on is new then."""
    needed = [news_needed(in_vain) for in_vain in (0, 1, 4, 5, 1_000)]
    assert needed == [NEW_ROWS, 2 * NEW_ROWS, 16 * NEW_ROWS, NEWEST_ROWS, NEWEST_ROWS]


def test_one_that_was_refused_before_it_read_rows_waits_for_news_too(database):
    """Or an alert without a champion would fill the history."""
    end(database, ask(database).id, REFUSED, collected_at=None)
    assert ask(database) is None


def test_feedback_that_was_told_twice_or_of_unknown_rows_is_no_news(database):
    """What is repeated counts once, what is refused not at all, what is late when it comes."""
    early = tell(database, NEW_ROWS - 1, at=50.0)
    end(database, ask(database).id, REFUSED, collected_at=10.0)
    with database.writing() as connection:
        again = [Told(early[0], row, generate(600).target[row]) for row in range(5)]
        assert add(connection, None, again, 500.0) == 0
    with pytest.raises(FeedbackError), database.writing() as connection:
        add(connection, None, [Told("0" * 32, 0, 1.0)], 500.0)
    assert ask(database) is None
    tell(database, 1, at=20.0, seed=3)
    assert ask(database) is not None


def test_a_person_always_gets_one(database):
    """Whatever is new: who asks knows why."""
    end(database, ask(database).id, PROMOTED)
    with database.writing() as connection:
        queued = by_operator(connection, Wish(HOUSES, "operator", recipe="linear"), 130.0)
        assert (queued.id, queued.recipe) == (2, "linear")
        assert by_operator(connection, Wish(HOUSES, "operator"), 131.0).id == 2


@pytest.mark.parametrize("running", [None, "xgboost"])
def test_another_recipe_does_not_join_what_runs(database, running):
    """It would not be fitted: the person is told to wait."""
    with database.writing() as connection:
        by_operator(connection, Wish(HOUSES, "operator", recipe=running), 100.0)
    with pytest.raises(OtherRecipeError, match=r"retraining 1 .* ask again"):  # noqa: SIM117
        with database.writing() as connection:
            by_operator(connection, Wish(HOUSES, "operator", recipe="linear"), 101.0)


def test_the_schedule_counts_from_the_last_one(database):
    """Whoever asked for it; and it does not ask while one runs."""
    tell(database, 1, at=0.0)
    asked = ask(database, now=100.0)

    def due(now):
        with database.writing() as connection:
            return [each.id for each in by_schedule(connection, now, HOUR_S)]

    end(database, asked.id, FAILED)
    assert due(100.0 + HOUR_S - 1) == []
    assert due(100.0 + HOUR_S) == [2]
    assert due(100.0 + HOUR_S + 1) == []


def test_the_first_scheduled_one_counts_from_the_first_prediction(database):
    """A model that nobody asks is not retrained."""
    with database.writing() as connection:
        assert by_schedule(connection, 9e9, HOUR_S) == []
    (first,) = tell(database, 1, at=1_000.0)
    assert first
    with database.writing() as connection:
        assert by_schedule(connection, 1_000.0 + HOUR_S - 1, HOUR_S) == []
        (queued,) = by_schedule(connection, 1_001.0 + HOUR_S, HOUR_S)
    assert (queued.model, queued.trigger) == (HOUSES, "schedule")
