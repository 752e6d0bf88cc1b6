"""The gate: when a challenger wins, when noise does not let it, when nothing can be compared."""

import numpy as np
import pytest

from training import gate
from training.generate import generate

RNG = np.random.default_rng(0)
TRUE = RNG.normal(2.0, 1.0, 4_000)
CHAMPION = TRUE + RNG.normal(0.0, 0.4, 4_000)


def test_clearly_better_challenger_is_promoted():
    """With half the error the challenger wins, and the sentence has the numbers."""
    challenger = TRUE + (CHAMPION - TRUE) / 2
    decision = gate.decide("champion 3", gate.compare(TRUE, challenger, CHAMPION))
    assert decision.promote
    assert "better than champion 3 by more than the noise" in decision.reason
    assert f"RMSE {decision.figures['gate_rmse']:.4f} against" in decision.reason
    assert decision.figures["gate_difference_high"] < 0


@pytest.mark.parametrize("challenger", [CHAMPION, CHAMPION + 0.1, 2 * TRUE - CHAMPION])
def test_equal_or_worse_challenger_is_refused(challenger):
    """The same predictions, worse ones, and as good ones are refused."""
    decision = gate.decide("champion 3", gate.compare(TRUE, challenger, CHAMPION))
    assert not decision.promote
    assert decision.reason.startswith("refused: not better than champion 3")


def test_luck_promotes_at_most_one_in_forty():
    """Of challengers that are as good as the champion, hardly one in forty is promoted."""
    rng = np.random.default_rng(1)
    true = rng.normal(size=400)
    promoted = 0
    for _ in range(200):
        challenger, champion = (true + rng.normal(0.0, 0.4, 400) for _ in range(2))
        promoted += gate.decide("champion 3", gate.compare(true, challenger, champion)).promote
    assert promoted <= 12


def test_interval_is_that_of_theory():
    """For independent errors the interval's width is what the normal approximation gives."""
    challenger = TRUE + RNG.normal(0.0, 0.4, 4_000)
    found = gate.compare(TRUE, challenger, CHAMPION)
    squared = (TRUE - challenger) ** 2 - (TRUE - CHAMPION) ** 2
    # The difference of roots, linearised at the common RMSE of 0.4.
    expected = 2 * 1.96 * squared.std() / np.sqrt(4_000) / (2 * 0.4)
    assert found.high - found.low == pytest.approx(expected, rel=0.1)


def test_same_seed_same_decision():
    """The draws are seeded: two comparisons give the same numbers."""
    challenger = TRUE + RNG.normal(0.0, 0.39, 4_000)
    first, second = (gate.compare(TRUE, challenger, CHAMPION) for _ in range(2))
    assert first == second
    assert first != gate.compare(TRUE, challenger, CHAMPION, seed=1)


@pytest.mark.parametrize(
    ("challenger", "champion", "refused"),
    [
        ("generated", "california-housing", True),
        ("generated", "unknown data", True),
        ("generated", "generated", False),
        ("california-housing", "generated", False),
        ("california-housing", "california-housing", False),
        ("california-housing", "logged", True),
        ("generated", "logged", True),
        ("logged", "california-housing", False),
        ("logged", "logged", False),
    ],
)
def test_data_that_knows_less_does_not_judge(challenger, champion, refused):
    """Made-up rows over a champion of real ones, a file's over one of today's: refused unseen."""
    decision = gate.refuse_by_data("champion 3", challenger, champion)
    assert (decision is not None) == refused
    assert decision is None or not decision.promote


def test_too_few_new_rows_are_refused():
    """When the champion has seen nearly all of the test rows there is no comparison."""
    decision = gate.refuse_without_rows("champion 3", 99)
    assert decision is not None
    assert not decision.promote
    assert gate.refuse_without_rows("champion 3", 100) is None


def test_without_a_champion_or_its_files_the_challenger_is_promoted():
    """The first model and the one that replaces a lost champion are promoted, with the reason."""
    assert gate.first_champion(0.4).promote
    lost = gate.champion_lost("champion 3", "its files are gone")
    assert lost.promote
    assert lost.reason.endswith("its files are gone")


def test_rows_are_recognised_by_their_marks():
    """The same row has the same mark; rows that differ in one last bit do not."""
    housing = generate(5_000)
    marks = gate.row_marks(housing.features, housing.target)
    assert len(np.unique(marks)) == 5_000
    assert np.array_equal(
        marks[10:20], gate.row_marks(housing.features[10:20], housing.target[10:20])
    )
    nearly = housing.features.copy()
    nearly[:, 3] = np.nextafter(nearly[:, 3], np.inf)
    assert not np.isin(gate.row_marks(nearly, housing.target), marks).any()
    swapped = housing.features[:, [1, 0, *range(2, 8)]]
    assert not np.isin(gate.row_marks(swapped, housing.target), marks).any()
