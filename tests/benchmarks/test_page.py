"""How figures get onto the page."""

from dataclasses import replace

import pytest

from benchmarks import monitoring, page, training_scale
from benchmarks.__main__ import PAGE, PARTS
from benchmarks.serving.load import Load
from benchmarks.serving.servers import ALL
from tests.benchmarks.test_figures import measured

TEXT = "a\n<!-- make bench: x -->\nold\n<!-- end of x -->\nb\n"


def test_only_what_stands_between_the_marks_is_replaced():
    """What people wrote around the figures stays, and so do the marks."""
    written = page.with_part(TEXT, "x", ["new", ""])
    assert written == TEXT.replace("old\n", "new\n\n")
    assert page.with_part(written, "x", ["old"]) == TEXT


def test_missing_marks_are_told():
    """Figures that have no place are not lost in silence."""
    with pytest.raises(ValueError, match="no place for y"):
        page.with_part(TEXT, "y", [])


@pytest.mark.parametrize("part", PARTS)
def test_the_page_has_a_place_for_every_part(part):
    """Each benchmark can write its figures into the page as it is committed."""
    assert "# Benchmarks" in page.with_part(PAGE.read_text(), part, ["figures"])


def test_training_is_told_next_to_bare_xgboost():
    """What a way costs over bare XGBoost stands beside what it costs."""
    bare = {"seconds": 1.0, "cpu_seconds": 2.0, "peak_mb": 100}
    ours = {"seconds": 1.5, "cpu_seconds": 3.0, "peak_mb": 110}
    rows = page.flat({"20,000": {training_scale.BARE: bare, "ours": ours}})
    assert rows["20,000 rows, ours"]["over_bare_cpu_seconds_%"] == 50
    assert rows["20,000 rows, ours"]["over_bare_peak_mb_%"] == 10


def test_serving_is_told_for_each_number_of_workers_and_rows():
    """Every server is in each of the tables; the aims are of one worker."""
    with_two = {s.name: measured()[s.name] for s in ALL if 2 in s.workers}
    lines = page.serving({"1 worker": measured(), "2 workers": with_two})
    for server in ALL:
        told = sum(line.startswith(f"| {server.name} |") for line in lines)
        assert told == 2 * len(server.workers)
    assert [line for line in lines if line.startswith("**")] == [
        "**1 worker, 1 row a request**",
        "**1 worker, 1,000 rows a request**",
        "**2 workers, 1 row a request**",
        "**2 workers, 1,000 rows a request**",
    ]


def times(*pairs):
    return {str(rows): {page.ONNX: onnx, page.XGBOOST: other} for rows, onnx, other in pairs}


@pytest.mark.parametrize(
    ("measured_times", "crossed"),
    [
        (times((1, 10.0, 150.0), (64, 160.0, 160.0), (100, 250.0, 200.0)), 100),
        (times((1, 10.0, 5.0), (64, 100.0, 160.0), (100, 250.0, 200.0)), 100),
        (times((1, 10.0, 5.0), (100, 250.0, 200.0)), 1),
        (times((1, 10.0, 150.0)), None),
    ],
)
def test_engines_cross_where_xgboost_stays_the_faster_one(measured_times, crossed):
    """One lucky size before does not count; equal is not faster; maybe they never cross."""
    assert page.crossover(measured_times) == crossed


def watched(requests, api_cpu_s, watching_cpu_s):
    """The figures of rounds of ten seconds, of which the median is this one."""
    found = Load(requests, 10.0, 1.0, 2.0, refused=0, lost=0)
    others = [replace(found, requests=1), replace(found, requests=10 * requests)]
    return monitoring.figures(
        [monitoring.Round(load, api_cpu_s, watching_cpu_s) for load in (found, *others)]
    )


def test_what_watching_costs_is_told():
    """The loss is that of the requests a second against being alone; memory is added up."""
    found = {
        "overhead": {"alone": watched(10_000, 5.0, 0.0), "watched": watched(9_700, 4.947, 0.2)},
        "memory_mb": {"prometheus": 50.0, "retrainer": 70.0},
        "disk": monitoring.projected(100, 1_000, 1_500, 20_000),
    }
    lines = page.monitoring(found)
    (told,) = [line for line in lines if line.startswith("Watching costs")]
    assert "3.0 % of the requests a second" in told
    assert "costs the API +2.0 % of processor time" in told
    assert f"takes {round(2 / monitoring.CORES, 2)} % of the machine" in told
    assert "| in all | 120 |" in lines


def test_thirty_days_of_disk_are_projected():
    """A series has 172,800 samples, and an index entry in each of ten blocks."""
    found = monitoring.projected(100, 1_000, 1_500, 20_000)
    assert found["bytes_a_sample"] == 1.5
    assert found["samples_in_30_days"] == 17_280_000
    assert found["MB_in_30_days"] == round((17_280_000 * 1.5 + 200_000) / 1e6)
