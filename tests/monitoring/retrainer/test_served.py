"""How long it is waited for until the API serves a version."""

from monitoring.retrainer.served import PATIENCE_S, REFUSES_AFTER_S, watch


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def watched(look):
    clock = Clock()
    began = clock.now
    return watch(lambda: look(clock.now - began), clock, clock.sleep), clock.now - began


def test_served_is_seen_at_once():
    """The wait ends with the first answer that has it."""
    assert watched(lambda at: at >= 3.0) == ("served", 3.0)


def test_an_api_that_answers_without_it_refuses_it():
    """After a minute of such answers."""
    verdict, took = watched(lambda _at: False)
    assert (verdict, REFUSES_AFTER_S <= took < REFUSES_AFTER_S + 1) == ("not served", True)


def test_an_api_that_is_away_refuses_nothing():
    """The version stays; that it was not seen is all that can be said."""
    verdict, took = watched(lambda _at: None)
    assert (verdict, PATIENCE_S <= took < PATIENCE_S + 1) == ("not seen", True)


def test_an_api_that_comes_back_has_its_minute_anew():
    """While it starts it may answer before it has followed."""
    assert watched(lambda at: None if 50 <= at < 55 else at >= 100)[0] == "served"
