"""The serving benchmark's parts that need no server."""

import json

import numpy as np
import pytest

from benchmarks.serving import bodies
from benchmarks.serving.figures import in_turn
from benchmarks.serving.running import Mapped, footprint
from benchmarks.serving.servers import ALL, PEERS_FOLDER

ROWS = np.arange(16_000.0).reshape(2_000, 8)
CASES = [
    (bodies.FEATURES, lambda sent: sent["features"], {"predictions": [1.0, 2.0]}),
    (bodies.MLFLOW, lambda sent: sent["dataframe_split"]["data"], {"predictions": [1.0, 2.0]}),
    (
        bodies.MLSERVER,
        lambda sent: sent["inputs"][0]["data"],
        {"outputs": [{"name": "predict", "data": [1.0, 2.0]}]},
    ),
]


@pytest.mark.parametrize(("form", "rows_of", "answer"), CASES, ids=["ours", "mlflow", "mlserver"])
def test_each_form_sends_the_same_rows_and_reads_its_answer(form, rows_of, answer):
    """Whatever a body looks like, all numbers of the rows are in it, in their order."""
    sent = json.loads(bodies.encoded(form, ROWS[:2]))
    assert np.array_equal(rows_of(sent), ROWS[:2])
    assert form.predictions(answer) == [1.0, 2.0]


def test_bodies_are_a_thousand_different_rows_and_different_thousands(tmp_path):
    """One body a line: single rows that differ, and all rows in bodies of a thousand."""
    bodies.write(ROWS, tmp_path)
    for form in bodies.FORMS:
        singles = bodies.file(form, bodies.ONE_ROW, tmp_path).read_bytes().splitlines()
        thousands = bodies.file(form, bodies.MANY_ROWS, tmp_path).read_bytes().splitlines()
        assert len(set(singles)) == 1_000
        assert thousands == [
            bodies.encoded(form, ROWS[:1_000]),
            bodies.encoded(form, ROWS[1_000:]),
        ]


def test_every_second_round_goes_backwards():
    """Nobody is always measured last."""
    cases = [(ALL[0], 1), (ALL[1], 1), (ALL[2], 1)]
    assert list(in_turn(cases, 0)) == cases
    assert list(in_turn(cases, 1)) == cases[::-1]
    assert list(in_turn(cases, 2)) == cases


def test_only_the_models_own_answers_count():
    """Another number, or one more or less, is another answer; the last digit is not."""
    expected = np.array([2.0, 3.0])
    assert bodies.is_equal([2.0000001, 3.0], expected)
    assert not bodies.is_equal([2.00001, 3.0], expected)
    assert not bodies.is_equal([2.0], expected)
    assert not bodies.is_equal([float("nan"), 3.0], expected)


def test_a_library_counts_once_however_many_have_it_open():
    """Two workers share a library and a forked heap; a stranger's use of it changes nothing."""
    heap = Mapped("[heap]", pss=50, private=0, shared=100)
    library = Mapped("/lib/x.so", pss=10, private=5, shared=200)
    assert footprint([[heap, library], [heap, library]]) == 2 * 50 + 2 * 5 + 200


def test_server_names_are_different():
    """Figures are kept by name, and logs and bodies in folders of that name."""
    names = [server.name for server in ALL]
    assert len(set(names)) == len(names)
    assert not [name for name in names if "/" in name]


@pytest.mark.parametrize("server", [s for s in ALL if s.environment], ids=lambda s: s.name)
def test_each_peer_has_its_lock_with_hashes(server):
    """What a peer is made of is pinned to the byte."""
    lock = (PEERS_FOLDER / f"{server.environment}.txt").read_text()
    pins = [line for line in lock.splitlines() if line and line[0] not in "# "]
    assert pins
    assert all("==" in pin for pin in pins)
    assert lock.count("--hash=sha256:") >= len(pins)
