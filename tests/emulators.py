"""Two emulators of AWS that nobody here wrote, on free ports of loopback."""

import contextlib
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from moto.server import ThreadedMotoServer

from tests.ports import free_port

SERVICES = ("acm", "ec2", "ecr", "elbv2", "iam", "kms", "logs", "s3", "ssm", "sts")
START_TIMEOUT_S = 60


@contextlib.contextmanager
def ministack(home):
    """Serve MiniStack from a folder of its own and yield its URL."""
    port = free_port()
    settings = {
        "GATEWAY_PORT": str(port),
        "SERVICES": ",".join(SERVICES),
        "IOT_MTLS_ENABLED": "0",
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(home / "s3"),
        "STATE_DIR": str(home / "state"),
    }
    command = [sys.executable, "-m", "hypercorn", "ministack.app:app"]
    bound = [*command, "--bind", f"127.0.0.1:{port}"]
    with _running(bound, settings, home, f"http://127.0.0.1:{port}", "/_ministack/health") as url:
        yield url


@contextlib.contextmanager
def moto(home):
    """Serve moto and yield its URL."""
    port = free_port()
    # The program attaches one of AWS's own policies to a role.
    settings = {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
    server = str(Path(__file__).with_name("moto_server.py"))
    command = [sys.executable, server, "-H", "127.0.0.1", "-p", str(port)]
    url = f"http://127.0.0.1:{port}"
    with _running(command, settings, home, url, "/moto-api/") as served:
        yield served


@contextlib.contextmanager
def moto_within():
    """Serve moto from a thread of this process, without the policies of AWS; yield its URL."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextlib.contextmanager
def _running(command, settings, home, url, health):
    log = home / "emulator.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, env={**os.environ, **settings}, cwd=home, stdout=output, stderr=output
        )
    try:
        _wait_for(server, url + health, log)
        yield url
    finally:
        server.terminate()
        server.wait(60)


def _wait_for(server, url, log):
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        assert server.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
