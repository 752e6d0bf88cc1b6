"""The two engines: which one answers, and when neither may."""

import threading

import numpy as np
import pytest

from app.engines import MANY_ROWS, BySize, DifferentAnswersError, Engine, check

MANY = np.zeros((MANY_ROWS, 1))


def answering(value: float) -> Engine:
    return lambda inputs: np.full(len(inputs), value, dtype=np.float32)


def wait_for_loading() -> None:
    for thread in threading.enumerate():
        if thread.name == "load-xgboost":
            thread.join(10)


def test_many_rows_go_to_the_large_engine_once_it_is_there():
    """The small engine answers while the large one is made, and few rows for ever."""
    may_be_made = threading.Event()

    def make_large() -> Engine:
        may_be_made.wait(10)
        return answering(2.0)

    both = BySize(answering(1.0), make_large)
    assert both(MANY)[0] == 1.0
    may_be_made.set()
    wait_for_loading()
    assert both(MANY)[0] == 2.0
    assert both(MANY[1:])[0] == 1.0


def test_large_engine_that_cannot_be_had_leaves_the_small_one(caplog):
    """When XGBoost cannot be loaded that is logged once, and ONNX Runtime goes on."""

    def fail() -> Engine:
        message = "no such library"
        raise ImportError(message)

    both = BySize(answering(1.0), fail)
    for _ in range(3):
        assert both(MANY)[0] == 1.0
        wait_for_loading()
    assert caplog.text.count("ImportError: no such library") == 1


@pytest.mark.parametrize("off", [2e-6, 1.0, np.nan])
def test_other_answers_than_xgboosts_are_told(off):
    """An engine whose answers are off by more than a millionth, or no numbers, is refused."""
    inputs, answers = np.zeros((32, 3), np.float32), np.ones(32, np.float32)
    check(answering(1.0), inputs, answers)
    check(answering(1.0 + 1e-6), inputs, answers)
    with pytest.raises(DifferentAnswersError, match="off XGBoost's"):
        check(answering(1.0 + 2 * off), inputs, answers)


def test_single_rows_are_compared_too():
    """An engine that is only right for many rows at a time is refused."""

    def wrong_alone(inputs: np.ndarray) -> np.ndarray:
        return np.full(len(inputs), 1.0 if len(inputs) > 1 else 3.0, dtype=np.float32)

    with pytest.raises(DifferentAnswersError, match="up to 2 off"):
        check(wrong_alone, np.zeros((32, 3), np.float32), np.ones(32, np.float32))
