"""The wait for the first prediction."""

import pytest

from infra.errors import UserError
from infra.probe import Answer, ask, await_prediction
from infra.status import HostStatus, parse

PRICE = Answer(prediction={"predictions": [4.5]})


def wait(reports, answers=(PRICE,), timeout_s=5.0):
    """Wait on scripted reports and answers; the last of each repeats."""
    reports, answers = list(reports), list(answers)

    def following(script):
        return lambda: script.pop(0) if len(script) > 1 else script[0]

    return await_prediction(
        "new", timeout_s, following(reports), following(answers), sleep=lambda _: None
    )


def test_it_waits_for_the_new_bundle():
    """An answer of the host's old services is no answer."""
    asked = []
    answer = await_prediction(
        "new",
        5.0,
        iter([None, HostStatus("old"), HostStatus("new")]).__next__,
        lambda: asked.append(1) or PRICE,
        sleep=lambda _: None,
    )
    assert answer == {"predictions": [4.5]}
    assert asked == [1]


def test_a_failure_on_the_host_ends_the_wait_with_its_reason_and_log():
    """Nobody waits for a time-out that will come."""
    failed = HostStatus("new", 1, "first-training ended with exit status 1", ("no data",))
    with pytest.raises(UserError, match=r"(?s)exit status 1.*no data"):
        wait([HostStatus("new"), failed], [Answer(reason="503")])


def test_failures_of_earlier_runs_are_history():
    """A mended fault must not fail the next update."""
    assert wait([HostStatus("new", failures=3)]) == {"predictions": [4.5]}


def test_a_failure_before_the_first_report_counts():
    """The host was made by this update: its first failure is news."""
    with pytest.raises(UserError, match="boom"):
        wait([None, HostStatus("new", 1, "boom")])


@pytest.mark.parametrize(
    ("report", "said"),
    [(None, "not reported"), (HostStatus("old"), "runs bundle old"), (HostStatus("new"), "503")],
)
def test_a_time_out_says_what_was_missing(report, said):
    """The last thing seen is in the message."""
    with pytest.raises(UserError, match=said):
        wait([report], [Answer(reason="answered 503")], timeout_s=0.01)


def test_a_dead_service_is_a_reason_and_not_an_error():
    """Asking a closed port says which."""
    assert "127.0.0.1:9/" in ask("http://127.0.0.1:9/predict").reason


def test_a_report_survives_the_bucket():
    """What the host writes is what the program reads."""
    report = HostStatus("d", 2, "why", ("a", "b"), {"mlflow": "healthy"})
    assert parse(report.text()) == report
    with pytest.raises(ValueError, match="no host status"):
        parse("{}")
