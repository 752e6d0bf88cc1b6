"""The drift report: its figures are those of the watch, its page needs nothing from elsewhere."""

import dataclasses
import re

import numpy as np
import pytest
from scipy import stats

from app.database.recent import Labelled, Served
from app.registry import ModelVersion
from monitoring.retrainer.drift import PREDICTION, Reference, measure
from monitoring.retrainer.report import errors_of, facts, figures
from monitoring.retrainer.report_page import DRIFTED, bars, compared, page
from tests.monitoring.retrainer.districts import coastal, training_rows
from training.errors import TrainingError
from training.generate import generate

DATA = generate(4_000)
NEAR = coastal(DATA)
REFERENCE = training_rows(DATA, np.flatnonzero(NEAR))
INLAND = np.flatnonzero(~NEAR)[:500]
VERSION = ModelVersion("california-housing", "3", "run3", "mlflow-artifacts:/3")
NOTHING = Labelled(np.empty((0, 8)), *(np.empty(0) for _ in range(3)), [])


def window(rows: np.ndarray) -> Served:
    at = 1e9 + np.arange(len(rows))
    versions = ["10"] * 5 + ["9"] * (len(rows) - 5)
    return Served(DATA.features[rows], DATA.target[rows], at, versions)


def known(*told: tuple[str, float, float]) -> Labelled:
    versions, actual, predicted = zip(*told, strict=True)
    rows = np.zeros((len(told), 8))
    return Labelled(rows, np.array(actual), np.array(predicted), rows[:, 0], list(versions))


def found(rows=INLAND, labels=NOTHING, baseline=0.4, violations=None):
    return facts(VERSION, REFERENCE, window(rows), labels, baseline, violations)


def test_figures_are_those_of_the_watch():
    """Page and metrics tell the same PSI and KS as Prometheus, and KS with scipy's p-value."""
    told = figures(found())
    expected = measure(Reference.of(REFERENCE), DATA.features[INLAND], DATA.target[INLAND])
    for name, drift in expected.items():
        assert told[f"psi_{name}"] == pytest.approx(drift.psi)
        assert told[f"ks_{name}"] == pytest.approx(drift.ks)
    test = stats.ks_2samp(REFERENCE.rows[:, 7], DATA.features[INLAND, 7])
    assert told["ks_p_value_Longitude"] == pytest.approx(test.pvalue)
    assert told["drifted_features"] == found().drifted >= 2


def test_what_drifted_most_comes_first():
    """Who opens the report sees the culprit at its top."""
    features = found().features
    assert [f.psi for f in features] == sorted((f.psi for f in features), reverse=True)
    assert features[0].verdict == DRIFTED
    assert PREDICTION in {f.name for f in features}


def test_bars_hold_every_row():
    """What lies beyond a histogram's ends is in its first and last bar; a constant has one too."""
    rng = np.random.default_rng(0)
    for one, other in [
        (rng.normal(size=900), rng.standard_cauchy(500)),
        (np.full(900, 3.0), np.full(500, 3.0)),
    ]:
        drawn = bars(one, other)
        assert sum(bar.reference for bar in drawn) == pytest.approx(1.0)
        assert sum(bar.window for bar in drawn) == pytest.approx(1.0)
        assert all(bar.low < bar.high for bar in drawn)


def test_quantiles_are_of_both():
    """The table says where each quantile was and where it is now."""
    feature = compared("x", np.arange(1001.0), 500 + np.arange(1001.0))
    middle = next(each for each in feature.quantiles if each.share == 0.5)
    assert (middle.reference, middle.window) == (500.0, 1000.0)


def test_live_error_is_by_version():
    """Each version's own true values count, in the order of the versions."""
    told = errors_of(known(("10", 1.0, 4.0), ("9", 2.0, 2.0), ("10", 1.0, -3.0)))
    assert [(e.version, e.rows) for e in told] == [("9", 1), ("10", 2)]
    assert told[1].rmse == pytest.approx(np.sqrt(12.5))
    assert errors_of(NOTHING) == []


def test_page_needs_no_other_file_and_runs_nothing():
    """No address, no script: it opens the same in MLflow's frame, by mail and in ten years."""
    text = page(found())
    assert not re.search(r"https?:|src=|<script|<link|@import|url\(", text)
    assert len(re.findall(r'<svg [^>]*aria-label="Histograms of \w+"', text)) == 9
    assert "<h1>Drift of california-housing</h1>" in text
    assert "2001-09-09 01:46:40 UTC" in text
    assert "answered by version 9, 10" in text


def test_page_tells_error_and_refusals():
    """Beside the drift stands what it does to the predictions, and what never became one."""
    labels = known(("3", 1.0, 1.25))
    text = page(found(labels=labels, violations={"Longitude": 12.0, "MedInc": 0.0, "other": 3.0}))
    assert re.search(r"<td>3<td class=\"n\">0.25<td class=\"n\">1\n", text)
    assert re.search(r"3, on its test rows<td class=\"n\">0.4<", text)
    assert re.search(r"<td>Longitude<td class=\"n\">12\n", text)
    assert '<td>MedInc<td class="n">0\n' not in text
    silent = page(found(baseline=None, violations={"other": 0.0}))
    assert "No true values were told yet" in silent
    assert "refused no value" in silent
    assert "could not be asked" in page(found())


def test_names_cannot_write_into_the_page():
    """A column is called what somebody called it."""
    name = "<script>alert(1)</script>"
    rows = dataclasses.replace(REFERENCE, columns=(name, *REFERENCE.columns[1:]))
    told = facts(VERSION, rows, window(INLAND), NOTHING, None, {name: 1.0})
    assert "<script" not in page(told)
    assert all(re.fullmatch(r"[\w./ -]+", metric) for metric in figures(told))


@pytest.mark.parametrize(
    "served",
    [
        window(INLAND[:499]),
        Served(np.empty((0, 0)), np.empty(0), np.empty(0), []),
        dataclasses.replace(window(INLAND), rows=DATA.features[INLAND, :3]),
    ],
    ids=["too few", "none", "of another form"],
)
def test_without_rows_there_is_no_report(served):
    """What chance alone could make is not printed as drift."""
    with pytest.raises(TrainingError, match="at least 500"):
        facts(VERSION, REFERENCE, served, NOTHING, None, None)
