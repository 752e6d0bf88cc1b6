"""What is read of wrk's output, and what is refused."""

import os

import pytest

from benchmarks.serving import load
from infra.errors import UserError

PRINTED = """Running 4s test @ http://127.0.0.1:4000/predict
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.31ms    1.02ms  20.11ms   91.20%
  27512 requests in 4.00s, 9.10MB read
Requests/sec:   6877.13
{"requests": 27512, "seconds": 4.000512, "p50_ms": 2.1, "p99_ms": 7.25, "refused": 0, "lost": 0}
"""


def program(folder, output):
    """Return a stand-in for wrk that prints this."""
    (folder / "printed").write_text(output)
    stand_in = folder / "wrk"
    stand_in.write_text(f"#!/bin/sh\ncat '{folder}/printed'\n")
    stand_in.chmod(0o755)
    return stand_in


def test_figures_are_the_scripts_and_not_wrks_text():
    """The line that our script prints is read, whatever wrk prints around it."""
    assert load.read(PRINTED) == load.Load(27512, 4.000512, 2.1, 7.25, 0, 0)


def test_output_without_figures_is_an_error():
    """A wrk that says something else has measured nothing."""
    with pytest.raises(RuntimeError, match="unable to connect"):
        load.read("unable to connect to 127.0.0.1:4000 Connection refused\n")


@pytest.mark.parametrize(
    ("was", "instead"),
    [
        ('"refused": 0', '"refused": 3'),
        ('"lost": 0', '"lost": 1'),
        ('"requests": 27512', '"requests": 0'),
    ],
)
def test_refused_or_lost_requests_are_no_measurement(was, instead, tmp_path):
    """A server that answers fast with errors must not win."""
    wrk = program(tmp_path, PRINTED.replace(was, instead))
    with pytest.raises(RuntimeError, match="refused="):
        load.put(wrk, "http://127.0.0.1:4000/predict", tmp_path / "bodies", 1)
    assert load.put(program(tmp_path, PRINTED), "http://x", tmp_path, 1).requests == 27512


def test_missing_wrk_is_told_with_what_to_do(monkeypatch, tmp_path):
    """Without wrk the message says how to get it; with it, it is found on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="apt-get install wrk"):
        load.find_wrk()
    stand_in = program(tmp_path, "")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")
    assert load.find_wrk() == stand_in
