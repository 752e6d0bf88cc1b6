"""Extraction: each origin, only what is new, and nothing half-taken."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pyarrow.parquet as pq
import pytest

from tests.training import houses
from training.data import read_housing
from training.errors import TrainingError
from training.extract import extract, main
from training.origins import FolderFiles, News, origin
from training.parts import MANIFEST, PartsFolder
from training.storage import locate

CHECKOUT = Path(__file__).parents[2]


def folder(path):
    return PartsFolder(locate(str(path)))


class Site:
    """What the web server of a test has, and what it was asked."""

    def __init__(self):
        self.body, self.headers, self.status, self.missing = b"", {}, 200, 0
        self.asked = []


class Handler(BaseHTTPRequestHandler):
    def __init__(self, site, *arguments):
        self.site = site
        super().__init__(*arguments)

    def do_GET(self):
        site = self.site
        site.asked.append(dict(self.headers))
        known = self.headers.get("If-None-Match") or self.headers.get("If-Modified-Since")
        status = 304 if known and known in site.headers.values() else site.status
        self.send_response(status)
        for name, value in site.headers.items():
            self.send_header(name, value)
        body = site.body if status == 200 else b""
        self.send_header("Content-Length", str(len(body) + site.missing))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def site():
    found = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, found))
    found.url = f"http://127.0.0.1:{server.server_port}/data/houses.csv"
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    "headers", [{"ETag": '"one"'}, {"Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT"}, {}]
)
def test_http_file_is_taken_once_until_it_changes(site, tmp_path, headers):
    """The same file is not taken twice; a changed one takes the place of the old one."""
    site.body, site.headers = houses.csv(houses.table(200)), headers
    take = partial(extract, origin(site.url, None, None), folder(tmp_path))
    assert (take()["new_rows"], take()["new_rows"]) == (200, 0)
    site.body = houses.csv(houses.table(250, seed=1))
    site.headers = {
        name: value.replace("one", "two").replace("07", "08") for name, value in headers.items()
    }
    again = take()
    assert (again["new_rows"], again["rows"], again["parts"]) == (250, 250, 1)
    assert len(list(tmp_path.glob("part-*"))) == 1
    expected = tmp_path / "expected.csv"
    expected.write_bytes(site.body)
    assert (
        read_housing(locate(str(tmp_path))).content_hash()
        == read_housing(locate(str(expected))).content_hash()
    )


def test_http_download_that_ends_early_is_not_taken(site, tmp_path):
    """A body that is shorter than announced is an error, and the folder stays as it was."""
    site.body, site.missing = houses.csv(houses.table(200)), 10
    with pytest.raises(TrainingError, match=r"houses\.csv: ended after .* bytes: try again"):
        extract(origin(site.url, None, None), folder(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_http_refusal_is_named_without_the_signature(site, tmp_path):
    """An error names the address, and not what stands behind its question mark."""
    site.status = 403
    with pytest.raises(TrainingError, match=r"houses\.csv: the server answered 403") as caught:
        extract(origin(f"{site.url}?signature=abc", None, None), folder(tmp_path))
    assert "signature" not in str(caught.value)


def test_bad_row_leaves_what_was_there(site, tmp_path):
    """A new version with a bad row is refused with its line; the old rows stay readable."""
    good = houses.csv(houses.table(200))
    site.body, site.headers = good, {"ETag": "1"}
    take = partial(extract, origin(site.url, None, None), folder(tmp_path))
    take()
    before = read_housing(locate(str(tmp_path))).content_hash()
    lines = good.decode().splitlines()
    lines[50] = lines[50].replace(",", ",high", 1)
    site.body, site.headers = "\n".join(lines).encode(), {"ETag": "2"}
    with pytest.raises(
        TrainingError, match=r"houses\.csv: row 50 \(line 51\), column latitude: 'hi"
    ):
        take()
    assert read_housing(locate(str(tmp_path))).content_hash() == before


def test_other_origin_is_not_mixed_in(site, tmp_path):
    """A folder is filled from one origin: rows of another one are refused."""
    site.body = houses.csv(houses.table(200))
    extract(origin(site.url, None, None), folder(tmp_path))
    with pytest.raises(TrainingError, match=r"holds rows of .* choose another --to"):
        extract(origin(site.url.replace("houses", "others"), None, None), folder(tmp_path))


def test_files_of_a_folder_are_taken_as_they_come_and_change(tmp_path):
    """New files are added and a changed one replaces its rows; unchanged ones are left alone."""
    source, target = tmp_path / "from", tmp_path / "to"
    source.mkdir()
    take = partial(extract, origin(str(source), None, None), folder(target))
    (source / "a.csv").write_bytes(houses.csv(houses.table(150)))
    pq.write_table(houses.table(160, seed=1), source / "b.parquet")
    (source / "readme.txt").write_text("not data")
    assert take()["new_rows"] == 310
    (source / "c.csv").write_bytes(houses.csv(houses.table(170, seed=2)))
    (source / "a.csv").write_bytes(houses.csv(houses.table(151, seed=3)))
    assert {k: v for k, v in take().items() if k != "seconds"} == {
        "to": str(target),
        "table": "statlib",
        "new_rows": 321,
        "rows": 481,
        "parts": 3,
    }
    assert take()["new_rows"] == 0
    assert len(read_housing(locate(str(target))).target) == 481


def test_folder_with_nothing_to_take_is_an_error(tmp_path):
    """A mistyped prefix is told, and not taken for one without news."""
    with pytest.raises(TrainingError, match="has no file that ends with"):
        extract(origin(str(tmp_path / "nowhere"), None, None), folder(tmp_path / "to"))


class Interrupted:
    """An origin whose second file never comes."""

    def __init__(self, source):
        self._files = FolderFiles(source)
        self.about = self._files.about

    def news(self, taken, scratch):
        first = next(self._files.news(taken, scratch))
        yield first
        yield News("torn.csv", "1", first.file.child("torn.csv"))


def test_interrupted_run_keeps_what_was_finished(tmp_path):
    """What was taken before a fault stays, and the next run takes only the rest."""
    source, target = tmp_path / "from", tmp_path / "to"
    source.mkdir()
    for name in ("a", "b"):
        (source / f"{name}.csv").write_bytes(houses.csv(houses.table(150)))
    with pytest.raises(TrainingError):
        extract(Interrupted(locate(str(source))), folder(target))
    (target / "part-00002-deadbeef.parquet").write_bytes(b"half")
    done = extract(FolderFiles(locate(str(source))), folder(target))
    assert (done["new_rows"], done["rows"]) == (150, 300)
    assert not (target / "part-00002-deadbeef.parquet").exists()


def test_killed_process_leaves_a_folder_that_the_next_one_completes(tmp_path):
    """Killed in the middle, the job leaves whole files only; run again, nothing is missing."""
    source, target = tmp_path / "from", tmp_path / "to"
    source.mkdir()
    body = houses.csv(houses.table(4_000))
    for number in range(12):
        (source / f"{number:02d}.csv").write_bytes(body)
    command = [sys.executable, "-m", "training.extract", "--from", str(source), "--to", str(target)]
    job = subprocess.Popen(command, cwd=CHECKOUT, stderr=subprocess.PIPE)
    end = time.monotonic() + 60
    while not (target / MANIFEST).exists() and time.monotonic() < end:
        time.sleep(0.005)
    job.send_signal(signal.SIGKILL)
    job.communicate()
    before = folder(target).manifest()
    assert len(before.units) > 0
    assert sum(1 for _ in folder(target).files()) == len(before.units)
    done = extract(origin(str(source), None, None), folder(target))
    assert done["new_rows"] == 48_000 - before.rows
    assert done["rows"] == 48_000


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://reader:hunter2@127.0.0.1/db",
        "postgresql://127.0.0.1/db?user=reader&password=hunter2",
        "https://reader:hunter2@127.0.0.1/houses.csv",
    ],
)
def test_password_on_the_command_line_is_refused_and_not_repeated(address, tmp_path, capsys):
    """A password in an address would stand in the list of processes: it is refused, unseen."""
    arguments = ["--from", address, "--to", str(tmp_path)]
    arguments += ["--query", "SELECT 1"] if address.startswith("postgresql") else []
    assert main(arguments) == 1
    told = capsys.readouterr().err
    assert "a password stands in the address" in told
    assert "hunter2" not in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "postgresql://h/db"], "--query is missing"),
        (["--from", "http://127.0.0.1/x.csv", "--cursor", "id"], "are for postgresql://"),
        (["--from", "ftp://127.0.0.1/x.csv"], "must be a path on this machine or s3://"),
        (["--from", "s3://bucket"], "must be s3://bucket/key"),
        (["--from", "http://127.0.0.1:9/x.csv"], "cannot be fetched: .*refused"),
    ],
)
def test_arguments_that_cannot_be_meant_are_explained(arguments, message, tmp_path, capsys):
    """A bad argument ends with status 1 and a sentence."""
    assert main([*arguments, "--to", str(tmp_path)]) == 1
    assert re.search(message, capsys.readouterr().err)


def test_json_is_all_that_stands_on_standard_output(site, tmp_path):
    """A script can read the result; sentences go to standard error."""
    site.body = houses.csv(houses.table(200))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "training.extract",
            "--from",
            site.url,
            "--to",
            str(tmp_path),
            "--json",
        ],
        cwd=CHECKOUT,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["rows"] == 200
    assert "200 new rows" in done.stderr
