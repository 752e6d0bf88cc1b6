"""Decides whether a challenger becomes the champion: only if it is better by more than the noise.

Both predict the same rows, which neither was trained on. The difference of their errors is drawn
again and again from those rows (paired bootstrap; Efron & Tibshirani 1993): only when 95 % of the
draws say "better" on the same side does the alias move.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.data import Floats
from training.evaluate import rmse

GENERATED = "generated"
"""The `dataset` of data that was made up: see `training.sources`."""
LOGGED = "logged"
"""The `dataset` of rows that were served, and whose true values people told."""

DRAWS = 2_000
DRAWS_AT_ONCE = 100
INTERVAL = (0.025, 0.975)
LEAST_ROWS = 100
MARKED_AT_ONCE = 65_536


@dataclass(frozen=True)
class Decision:
    """Whether to promote, by which rule, and the sentence that says so with the numbers."""

    promote: bool
    rule: str
    reason: str
    figures: dict[str, float]


@dataclass(frozen=True)
class Comparison:
    """The errors of both on the same rows, and the interval of their difference (95 %).

    `low` and `high` are of challenger minus champion: below 0 the challenger is better.
    """

    rows: int
    challenger_rmse: float
    champion_rmse: float
    low: float
    high: float


def compare(true: Floats, challenger: Floats, champion: Floats, seed: int = 0) -> Comparison:
    """Compare two models' predictions of the same rows, each (rows,)."""
    losses = np.column_stack([(true - challenger) ** 2, (true - champion) ** 2])
    draws = _draw_rmse(losses, np.random.default_rng(seed))
    low, high = np.quantile(draws[:, 0] - draws[:, 1], INTERVAL)
    return Comparison(
        rows=len(true),
        challenger_rmse=rmse(true, challenger),
        champion_rmse=rmse(true, champion),
        low=float(low),
        high=float(high),
    )


def decide(champion: str, compared: Comparison) -> Decision:
    """Return the decision over a champion that could be compared.

    Parameters
    ----------
    champion
        What it is called in the sentence, as "champion 3".
    """
    promote = compared.high < 0
    difference = compared.challenger_rmse - compared.champion_rmse
    verdict = "better than" if promote else "refused: not better than"
    reason = (
        f"{verdict} {champion} by more than the noise: RMSE {compared.challenger_rmse:.4f} "
        f"against {compared.champion_rmse:.4f} on the same {compared.rows:,} rows, difference "
        f"{difference:+.4f} (95 %: {compared.low:+.4f} to {compared.high:+.4f})"
    )
    figures = {
        "gate_rows": float(compared.rows),
        "gate_rmse": compared.challenger_rmse,
        "gate_champion_rmse": compared.champion_rmse,
        "gate_difference": difference,
        "gate_difference_low": compared.low,
        "gate_difference_high": compared.high,
    }
    return Decision(promote, "paired bootstrap", reason, figures)


def first_champion(error: float) -> Decision:
    """Return the decision when there is no champion yet."""
    reason = f"first champion: test RMSE {error:.4f}"
    return Decision(promote=True, rule="first champion", reason=reason, figures={})


def champion_lost(champion: str, why: str) -> Decision:
    """Return the decision over a champion whose files can no longer be opened."""
    reason = f"in place of {champion}, which cannot be opened any more: {why}"
    return Decision(promote=True, rule="champion lost", reason=reason, figures={})


def refuse_by_data(champion: str, challengers_data: str, champions_data: str) -> Decision | None:
    """Return a refusal when made-up or older data would judge a model of other data, else None.

    The other way round there is something to compare: the champion that has seen only made-up
    data predicts the real rows as well as it can.
    """
    if champions_data == LOGGED != challengers_data:
        reason = (
            f"refused: {champion} has learned from logged rows, and {challengers_data} does not "
            "know what has changed since: ask the retrainer for a challenger, or step back with "
            "training.rollback first"
        )
        return Decision(promote=False, rule="older data", reason=reason, figures={})
    if challengers_data != GENERATED or champions_data == GENERATED:
        return None
    reason = (
        f"refused: trained on generated data, while {champion} was trained on {champions_data}: "
        "generated rows cannot say which of them is better"
    )
    return Decision(promote=False, rule="generated data", reason=reason, figures={})


def refuse_without_rows(champion: str, rows: int) -> Decision | None:
    """Return a refusal when too few rows are new to the champion, else None."""
    if rows >= LEAST_ROWS:
        return None
    reason = (
        f"refused: {champion} was trained on all but {rows} of the test rows, and fewer than "
        f"{LEAST_ROWS} cannot say which of them is better"
    )
    return Decision(promote=False, rule="too few new rows", reason=reason, figures={})


def row_marks(features: Floats, target: Floats) -> npt.NDArray[np.uint64]:
    """Return a number for each row, by which it is recognised without being kept: (rows,).

    Two different rows of a million share one with a chance of 3e-8.
    """
    odd = (
        np.random.default_rng(0).integers(0, 2**63, features.shape[1] + 1, dtype=np.uint64) * 2 + 1
    )
    marks = np.empty(len(target), np.uint64)
    # A few rows at a time: they stay in the processor's cache, which is ten times faster.
    for start in range(0, len(target), MARKED_AT_ONCE):
        rows = slice(start, start + MARKED_AT_ONCE)
        values = np.column_stack([features[rows], target[rows]])
        bits = np.asarray(values, dtype=np.float64).view(np.uint64)
        # Multiplying loses the high bits' share in the low ones: they are folded in before and
        # after.
        bits ^= bits >> np.uint64(32)
        mixed = (bits * odd).sum(axis=1, dtype=np.uint64)
        marks[rows] = mixed ^ (mixed >> np.uint64(29))
    return marks


def _draw_rmse(losses: Floats, rng: np.random.Generator) -> Floats:
    rows = len(losses)
    drawn = []
    for _ in range(DRAWS // DRAWS_AT_ONCE):
        # How often each row is drawn in each of these draws: the same for both models.
        picked = rng.integers(0, rows, (DRAWS_AT_ONCE, rows))
        offset = np.arange(DRAWS_AT_ONCE)[:, None] * rows
        counts = np.bincount((picked + offset).ravel(), minlength=DRAWS_AT_ONCE * rows)
        drawn.append(np.sqrt(counts.reshape(DRAWS_AT_ONCE, rows) @ losses / rows))
    return np.vstack(drawn)
