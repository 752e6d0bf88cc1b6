"""Drift: quiet without a change, loud with one, blind to what only true values tell."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from app.loop_limits import (
    DRIFTED_AT_ONCE,
    PSI_DRIFTED,
    PSI_WARN,
    WINDOW_ROWS,
)
from monitoring.retrainer.drift import (
    PREDICTION,
    Reference,
    ReferenceValues,
    ks,
    measure,
    psi,
    shares,
)
from tests.monitoring.retrainer.districts import coastal, training_rows
from training.generate import generate
from training.rows import TrainingRows

DATA = generate(6_000)
NEAR = coastal(DATA)
RNG = np.random.default_rng(0)
KNOWN = RNG.permutation(np.flatnonzero(NEAR))
KNOWN, NEW = KNOWN[:2_000], KNOWN[2_000:]
INLAND = np.flatnonzero(~NEAR)
REFERENCE = Reference.of(training_rows(DATA, KNOWN))


def window(rows: np.ndarray, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).choice(rows, WINDOW_ROWS, replace=False)


def drift_of(rows: np.ndarray):
    return measure(REFERENCE, DATA.features[rows], DATA.target[rows])


def drifted(found) -> set[str]:
    return {name for name, drift in found.items() if drift.psi > PSI_DRIFTED} - {PREDICTION}


def test_psi_is_the_formula_of_the_books():
    """Of shares worked out by hand it is that sum, and of equal ones nothing."""
    expected, actual = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])
    assert psi(expected, actual) == pytest.approx(2 * 0.3 * np.log(2.5))
    assert psi(expected, expected) == 0.0


def test_psi_of_empty_bins_is_finite():
    """A bin without a row counts as one with a ten-thousandth of them."""
    found = psi(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    assert found == pytest.approx(2 * (1.0 - 1e-4) * np.log(1e4))


def test_bins_are_tenths_of_the_reference():
    """Of values that are all different each of ten bins has as many."""
    values = ReferenceValues.of(np.random.default_rng(0).permutation(1_000.0 + np.arange(1_000)))
    assert values.shares == pytest.approx([0.1] * 10)


@pytest.mark.parametrize(
    ("reference", "changed"),
    [
        ([3.0] * 1_000, [4.0] * 500),
        ([3.0] * 1_000, [2.0] * 500),
        ([0.0] * 950 + [1.0] * 50, [0.0] * 250 + [1.0] * 250),
        ([0.0] * 50 + [1.0] * 950, [0.0] * 250 + [1.0] * 250),
    ],
    ids=["a constant rises", "a constant falls", "rare becomes common", "common becomes rare"],
)
def test_columns_of_few_values_are_seen_to_change(reference, changed):
    """Where deciles are equal, the value that they share is a bin of its own."""
    values = ReferenceValues.of(np.array(reference))
    same = np.random.default_rng(0).choice(reference, 500)
    assert psi(values.shares, shares(same, values.edges)) < PSI_WARN
    assert psi(values.shares, shares(np.array(changed), values.edges)) > PSI_DRIFTED


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rows", [1, 37, 500])
def test_ks_is_scipys(seed, rows):
    """The statistic is that of scipy's two-sample test: with ties, and for windows of any size."""
    rng = np.random.default_rng(seed)
    for one, other in [
        (rng.normal(size=2_000), rng.normal(0.2 * seed, 1.5, rows)),
        (rng.integers(0, 5, 2_000).astype(float), rng.integers(0, 5 + seed, rows).astype(float)),
    ]:
        assert ks(np.sort(one), other) == pytest.approx(stats.ks_2samp(one, other).statistic)


def test_windows_of_the_reference_itself_raise_no_warning():
    """Without drift chance alone stays below the limit, in each of 50 windows."""
    worst = [max(d.psi for d in drift_of(window(KNOWN, seed)).values()) for seed in range(50)]
    assert max(worst) < PSI_WARN


def test_new_rows_of_the_same_kind_are_no_drift():
    """Rows that the model never saw, from where it was trained, are not taken for others."""
    assert drifted(drift_of(window(NEW))) == set()


def test_rows_from_inland_are_drift():
    """Other places show in as many features as start a retraining, and in the prices."""
    found = drift_of(window(INLAND))
    assert len(drifted(found)) >= DRIFTED_AT_ONCE
    assert found["Longitude"].ks > 0.15
    assert found[PREDICTION].psi > PSI_WARN


def test_a_boom_of_prices_is_no_drift_of_the_inputs():
    """Where only true values change, no feature and no answer does: feedback has to tell it."""
    rows = window(NEW)
    before = drift_of(rows)
    boom = TrainingRows(
        REFERENCE.columns,
        *(DATA.features[KNOWN], 1.35 * DATA.target[KNOWN], DATA.target[KNOWN]),
        np.ones(len(KNOWN), np.bool_),
    )
    assert measure(Reference.of(boom), DATA.features[rows], DATA.target[rows]) == before
    assert max(drift.psi for drift in before.values()) < PSI_WARN


def test_only_the_reference_part_of_the_rows_counts():
    """A model of old and recent rows is compared with the recent ones."""
    both = np.concatenate([KNOWN, INLAND[:1_000]])
    rows = training_rows(DATA, both)
    recent = TrainingRows(
        *(rows.columns, rows.rows, rows.target, rows.prediction), np.arange(len(both)) >= len(KNOWN)
    )
    found = measure(
        Reference.of(recent), DATA.features[INLAND[:1_000]], DATA.target[INLAND[:1_000]]
    )
    assert {drift.ks for drift in found.values()} == {0.0}


def test_measuring_takes_nothing_heavy_into_memory():
    """The retrainer's own process has no data frames, no statistics package and no model."""
    code = (
        "import sys, monitoring.retrainer.drift, monitoring.retrainer.reference;"
        "import monitoring.retrainer.watch; print(list(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = ("pandas", "pyarrow", "xgboost", "scipy", "matplotlib", "mlflow", "sklearn")
    assert not [name for name in heavy if f"'{name}'" in found.stdout]
