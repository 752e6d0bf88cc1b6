"""The objects that count, and the thread that counts what requests leave."""

import time

from app.metrics import VIOLATIONS, Metrics


class Faulty(Metrics):
    """Fails the first time that it counts."""

    def __init__(self) -> None:
        super().__init__()
        self.counted: list[float] = []

    def count(self) -> None:
        self.counted.append(time.monotonic())
        if len(self.counted) == 1:
            message = "not this time"
            raise ValueError(message)
        super().count()


def test_counting_goes_on_after_a_fault(caplog):
    """A fault is logged, and the thread counts again."""
    metrics = Faulty()
    metrics.start()
    end = time.monotonic() + 10
    while len(metrics.counted) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    assert len(metrics.counted) >= 2
    assert "ValueError: not this time" in caplog.text


def test_columns_that_may_be_violated_begin_at_zero():
    """A series that appears with its first violation would have nothing to rise from."""
    metrics = Metrics()
    metrics.takes(["MedInc"])
    assert f'{VIOLATIONS}{{column="MedInc"}} 0.0' in metrics.text().decode()
