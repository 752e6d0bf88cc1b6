"""What the serving benchmark makes of its figures."""

import pytest

from benchmarks.serving import figures as f
from benchmarks.serving.bodies import MANY_ROWS, ONE_ROW
from benchmarks.serving.servers import ALL, BARE_FLASK, BARE_WSGI, MLFLOW_PEER, MLSERVER_PEER, OURS


def measured(**changed):
    """Return figures for every server: each the same, but for the rates that are named."""
    same = {f.COLD_START: 2.0}
    for size in (ONE_ROW, MANY_ROWS):
        same |= {f.of(f.RATE, size): 100.0, f.of(f.P50, size): 1.5, f.of(f.P99, size): 3.0}
        same |= {f.of(f.CPU, size): 50.0, f.of(f.MEMORY, size): 90.0}
    rates = {MLFLOW_PEER: 10.0, MLSERVER_PEER: 50.0, BARE_FLASK: 400.0, BARE_WSGI: 1_000.0}
    rows = {server.name: dict(same) for server in ALL}
    for name, rate in (rates | changed).items():
        rows[name] |= {f.of(f.RATE, size): rate for size in (ONE_ROW, MANY_ROWS)}
    return rows


def test_a_figure_is_the_median_of_the_rounds():
    """One bad round moves nothing; each figure has a median of its own."""
    rounds = [{"a": 1.0, "b": 9.0}, {"a": 100.0, "b": 8.0}, {"a": 2.0, "b": 1.0}]
    assert f.medians(rounds) == {"a": 2.0, "b": 8.0}


def test_factors_are_of_requests_a_second():
    """A server is told in times its peers' rate and in per cent of the floor's."""
    found = f.compared(measured(), ONE_ROW)[OURS]
    assert (found["x mlflow"], found["x MLServer"]) == (10.0, 2.0)
    assert (found["% of bare Flask"], found["% of bare WSGI"]) == (25.0, 10.0)
    assert f.compared(measured(), ONE_ROW)[MLFLOW_PEER]["x mlflow"] == 1.0


def test_a_floor_that_does_not_predict_is_none_for_many_rows():
    """Bare Flask's rate says nothing about a thousand rows: only the peers' do."""
    found = f.compared(measured(), MANY_ROWS)[OURS]
    assert found["x mlflow"] == 10.0
    assert not [name for name in found if "bare" in name]


def test_the_table_has_a_row_a_server_and_readable_numbers():
    """Every server is in the table, with its figures rounded to what they mean."""
    lines = f.table(f.compared(measured(**{OURS: 12_345.6}), ONE_ROW))
    assert len(lines) == 2 + len(ALL) + 1
    (own,) = [line for line in lines if line.startswith(f"| {OURS} |")]
    assert own == (
        f"| {OURS} | 12,346 | 1.50 | 3.0 | 50 | 90 | 1234.6 | 246.9 | 3,086 | 1,235 | 2.0 |"
    )
    assert {line.count("|") for line in lines[:-1]} == {12}


@pytest.mark.parametrize(
    ("rate", "met"),
    [(399.0, {"1 row: times mlflow's requests a second": False}), (400.0, {})],
)
def test_an_aim_is_met_from_its_number_on(rate, met):
    """Forty times mlflow's ten requests are 400; one less is missed."""
    aims = {aim.what: aim.is_met for aim in f.aims(measured(**{OURS: rate}))}
    name = "1 row: times mlflow's requests a second"
    assert aims[name] is met.get(name, True)


def test_less_is_better_where_it_is():
    """Memory is met at the number and below, missed above; the table says which."""
    assert f.Aim("memory", 100, 100, at_most=True).is_met
    assert not f.Aim("memory", 100, 100.1, at_most=True).is_met
    told = f.aims_table([f.Aim("memory", 100, 101, at_most=True), f.Aim("rate", 2, 2.5)])
    assert told[2:4] == ["| memory | ≤ 100 | 101 | missed |", "| rate | ≥ 2 | 2.5 | met |"]


def test_p99_is_compared_with_the_best_peer():
    """One slow peer is no excuse: the aim is the fastest peer's p99."""
    rows = measured()
    rows[MLSERVER_PEER][f.of(f.P99, ONE_ROW)] = 2.0
    (aim,) = [aim for aim in f.aims(rows) if "p99" in aim.what]
    assert (aim.asked, aim.seen, aim.is_met) == (2.0, 3.0, False)
