"""Two emulators that nobody here wrote, and a provider configured for each."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from moto.server import ThreadedMotoServer

from infra.local.provider.provider import AwsProvider
from tests.infra.local.provider.driver import Driver, configuration

SERVICES = ("acm", "ec2", "ecr", "elbv2", "iam", "kms", "logs", "s3", "ssm", "sts")


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def moto():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def ministack(tmp_path_factory):
    home, port = tmp_path_factory.mktemp("ministack"), free_port()
    settings = {
        "GATEWAY_PORT": str(port),
        "SERVICES": ",".join(SERVICES),
        "IOT_MTLS_ENABLED": "0",
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(home / "s3"),
        "STATE_DIR": str(home / "state"),
    }
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "hypercorn", "ministack.app:app", "--bind", f"127.0.0.1:{port}"],
            env={**os.environ, **settings},
            cwd=home,
            stdout=log,
            stderr=log,
        )
    url = f"http://127.0.0.1:{port}"
    for _ in range(600):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/_ministack/health"):
            break
        assert server.poll() is None, (home / "log").read_text()
        time.sleep(0.1)
    yield url
    server.terminate()
    server.wait(20)


@pytest.fixture(params=["moto", "ministack"], scope="session")
def emulator(request):
    """The name of the emulator that the test runs against."""
    return request.param


@pytest.fixture(scope="session")
def provider(request, emulator):
    """One provider an emulator, as one update has it: its clients are slow to make."""
    provider = AwsProvider(patience_s=3.0)
    Driver(provider).configure(configuration(request.getfixturevalue(emulator)))
    return provider


@pytest.fixture
def driver(provider):
    """The engine's side; what a test leaves is removed after it."""
    driver = Driver(provider)
    yield driver
    driver.remove_all()
