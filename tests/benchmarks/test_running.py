"""A server under measurement: started, told when it fails, and ended with all that it started."""

import http.server
import json
import sys
import threading

import psutil
import pytest

from benchmarks.serving.running import end_of_log, send, started

WITH_CHILD = (
    "import subprocess, sys, time\n"
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'],"
    " start_new_session=True)\n"
    "print('started', flush=True)\n"
    "time.sleep(60)"
)


def test_all_processes_of_a_server_are_weighed_and_ended(tmp_path):
    """A child in a session of its own belongs to the server too, and does not outlive it."""

    def is_ready():
        return "started" in end_of_log(tmp_path)

    with started([sys.executable, "-c", WITH_CHILD], {}, tmp_path, is_ready) as running:
        assert len(running.processes) == 2
        assert running.memory_mb() > 1
        assert running.cpu_s() > 0
        assert running.cold_start_s > 0
    assert not [process for process in running.processes if psutil.pid_exists(process.pid)]


def test_a_server_that_ends_is_told_with_its_log(tmp_path):
    """Nobody has to look for the reason."""
    command = [sys.executable, "-c", "raise SystemExit('no such model')"]
    with (
        pytest.raises(RuntimeError, match="does not answer:\nno such model"),
        started(command, {}, tmp_path, lambda: False),
    ):
        pass


class Answering(http.server.BaseHTTPRequestHandler):
    """Answers /good with the body that was sent, everything else with 400."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200 if self.path == "/good" else 400)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


def test_only_a_success_is_an_answer():
    """JSON of a success is returned; a refusal and a closed port are errors alike."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        body = json.dumps({"a": 1}).encode()
        assert send(server.server_port, "/good", body) == {"a": 1}
        with pytest.raises(OSError, match="answered 400"):
            send(server.server_port, "/bad", body)
        server.shutdown()
    with pytest.raises(OSError, match="refused"):
        send(server.server_port, "/good", body)
