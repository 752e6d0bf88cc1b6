"""What callers of the API notice of faults behind the edge: nothing, or as little as can be."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException, HTTPSConnection
from pathlib import Path

import psutil
import pytest

from infra.services import API_WORKERS, SERVICES
from tests.infra.edge_process import Edge
from tests.ports import free_port

pytestmark = pytest.mark.e2e

CLIENTS = 8
BODY = bytes(range(256)) * 4
MB = 1_000_000
CHUNKS = b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


class Granian:
    """The API's server as the stack starts it, with an application that has no model."""

    def __init__(self, folder):
        self.port = free_port()
        (api,) = (s for s in SERVICES if s.name == "xgboost-api")
        names = {"bind": "127.0.0.1", "port": self.port}
        given = [part.format_map(names) for part in api.command]
        given[given.index("app.wsgi:app")] = "tests.infra.slow_app:app"
        self.command = [str(Path(sys.executable).with_name(given[0])), *given[1:]]
        self.log = folder / "granian.log"
        self.start()

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=Path(__file__).parents[2],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def workers(self):
        """Return the ids of the processes that answer."""
        listening = psutil.net_connections("tcp")
        of_port = {c.pid for c in listening if c.laddr[1:2] == (self.port,) and not c.raddr}
        return of_port - {None}

    def await_workers(self, count=API_WORKERS, timeout_s=30):
        deadline = time.monotonic() + timeout_s
        while len(self.workers()) < count:
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(timeout=30)


@pytest.fixture
def served(tmp_path, local):
    """The edge before the API's server with its workers."""
    server = Granian(tmp_path)
    edge = Edge(tmp_path / "edge", local, real={"xgboost-api": f"127.0.0.1:{server.port}"})
    try:
        server.await_workers()
        yield edge.await_ready(), server
    finally:
        edge.stop()
        server.stop()


class Caller:
    """Asks on one connection again and again, and remembers what came."""

    def __init__(self, edge, path="/predict", body=BODY):
        self._connection = HTTPSConnection(
            "127.0.0.1", edge.port, timeout=30, context=edge.context()
        )
        self._path, self._body = path, body
        self.answers, self.failures, self.seconds = [], [], []

    def _call(self):
        began = time.monotonic()
        try:
            self._connection.request("POST", self._path, self._body)
            answer = self._connection.getresponse()
            text = answer.read().decode()
        except (OSError, HTTPException) as error:
            self._connection.close()
            self.failures.append(repr(error))
            return
        self.seconds.append(time.monotonic() - began)
        (self.answers if answer.status == 200 else self.failures).append(text)

    def call(self, times=1):
        for _ in range(times):
            self._call()
        self._connection.close()

    def call_until(self, ended):
        while not ended.is_set():
            self._call()
        self._connection.close()


@contextlib.contextmanager
def load(edge, path="/predict"):
    """Let several callers ask at once while the block runs."""
    callers, ended = [Caller(edge, path) for _ in range(CLIENTS)], threading.Event()
    with ThreadPoolExecutor(CLIENTS) as pool:
        running = [pool.submit(caller.call_until, ended) for caller in callers]
        try:
            yield callers
        finally:
            ended.set()
    for done in running:
        done.result()


def answered(callers):
    return [text for caller in callers for text in caller.answers]


def worker_of(answer):
    return int(answer.split()[0])


def workers_of(callers):
    return set(map(worker_of, answered(callers)))


def failures(callers):
    return [why for caller in callers for why in caller.failures]


def test_a_killed_worker_loses_no_request(served):
    """What it was at is sent to another one, whole; a new one takes its place."""
    edge, server = served
    killed = []
    with load(edge, "/predict?seconds=0.02") as callers:
        for _ in range(2):
            time.sleep(1)
            killed.append(worker_of(callers[0].answers[-1]))
            os.kill(killed[-1], signal.SIGKILL)
            server.await_workers()
            # Granian takes two ends of one worker within seconds for a fault of the program.
            time.sleep(6)
    assert failures(callers) == []
    assert len(set(killed)) == len(killed)
    assert set(killed) < workers_of(callers)
    assert {tuple(text.split()[1:]) for text in answered(callers)} == {
        (str(len(BODY)), str(sum(BODY)))
    }


def test_all_workers_killed_at_once_lose_no_request(served):
    """The edge waits for the server, which is started anew as the supervisor does."""
    edge, server = served
    before = server.workers()
    with load(edge) as callers:
        time.sleep(0.5)
        os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait()
        time.sleep(1)
        server.start()
        server.await_workers()
        time.sleep(1)
    assert failures(callers) == []
    assert workers_of(callers) & before
    assert workers_of(callers) - before


def test_what_can_not_be_asked_twice_is_not(served):
    """A registration or a key that was perhaps made is the caller's to look at."""
    edge, server = served
    caller = Caller(edge, "/keys?seconds=1")
    asking = threading.Thread(target=caller.call)
    asking.start()
    time.sleep(0.4)
    for worker in server.workers():
        os.kill(worker, signal.SIGKILL)
    asking.join()
    (why,) = caller.failures
    assert why.startswith("502")


def test_an_asked_server_finishes_what_it_is_at(served):
    """SIGTERM, to all of its processes at once, as the supervisor sends it."""
    edge, server = served
    caller = Caller(edge, "/keys?seconds=1")
    asking = threading.Thread(target=caller.call)
    asking.start()
    time.sleep(0.4)
    os.killpg(server.process.pid, signal.SIGTERM)
    asking.join()
    assert caller.failures == []
    assert server.process.wait(timeout=10) == 0


def test_a_restart_under_load_loses_no_request(served):
    """A roll-out of new code is nothing that callers notice."""
    edge, server = served
    before = server.workers()
    with load(edge) as callers:
        time.sleep(0.5)
        server.stop()
        server.start()
        server.await_workers()
        time.sleep(0.5)
    assert failures(callers) == []
    assert workers_of(callers) & before
    assert workers_of(callers) - before


@pytest.mark.parametrize("path", ["/predict", "/explain", "/invocations", "/v2/models/m/infer"])
@pytest.mark.parametrize("size", [1_000, 2_000_000])
def test_what_a_killed_worker_was_at_is_answered(served, path, size):
    """Every prediction and explanation, as large as they may be, is sent to another one, whole."""
    edge, server = served
    caller = Caller(edge, f"{path}?seconds=1", b"b" * size)
    asking = threading.Thread(target=caller.call)
    asking.start()
    time.sleep(0.5)
    for worker in server.workers():
        os.kill(worker, signal.SIGKILL)
    asking.join()
    assert caller.failures == []
    assert answered([caller])[0].split()[1] == str(size)


def test_an_answer_to_an_unread_body_arrives(served):
    """The API refuses callers before it reads what they send, however much it is."""
    edge, _ = served
    caller = Caller(edge, "/predict?unread", b"b" * 2_000_000)
    caller.call(times=20)
    assert caller.failures == ["unread"] * 20


def dribble(edge, head, ended, sent):
    """Open a connection that never comes to its end: a byte every now and then."""
    with (
        contextlib.suppress(OSError),
        socket.create_connection(("127.0.0.1", edge.port), timeout=30) as raw,
        edge.context().wrap_socket(raw) as secure,
    ):
        secure.sendall(head)
        sent.release()
        while not ended.wait(0.2):
            secure.sendall(b"a")


@pytest.mark.parametrize(
    "head",
    [
        b"POST /predict HTTP/1.1\r\nHost: x\r\nX-Long: ",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n",
        CHUNKS + b"fffff\r\n",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1500000\r\n\r\n" + bytes(MB),
        CHUNKS + b"16e360\r\n" + bytes(MB),
        CHUNKS + b"1e8480\r\n" + bytes(2 * MB) + b"\r\n",
    ],
    ids=["header", "body", "chunk", "large body", "large chunk", "largest chunk"],
)
def test_slow_clients_keep_nobody_waiting(served, head):
    """A hundred of them hold connections of the edge, and not one worker."""
    edge, _ = served
    ended, sent = threading.Event(), threading.Semaphore(0)
    slow = [threading.Thread(target=dribble, args=(edge, head, ended, sent)) for _ in range(100)]
    for thread in slow:
        thread.start()
    try:
        assert all(sent.acquire(timeout=30) for _ in slow)
        caller = Caller(edge)
        caller.call(times=100)
    finally:
        ended.set()
        for thread in slow:
            thread.join()
    assert caller.failures == []
    assert max(caller.seconds) < 1
