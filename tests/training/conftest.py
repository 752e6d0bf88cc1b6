"""S3 for the tests of jobs: two emulators that nobody here wrote."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request

import pyarrow.fs as pafs
import pytest
from moto.server import ThreadedMotoServer

KEYS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "eu-west-3",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(scope="session")
def moto_s3():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def ministack_s3(tmp_path_factory):
    home = tmp_path_factory.mktemp("ministack")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {"GATEWAY_PORT": str(port), "SERVICES": "s3", "IOT_MTLS_ENABLED": "0"}
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "hypercorn", "ministack.app:app", "--bind", f"127.0.0.1:{port}"],
            env={**os.environ, **settings},
            cwd=home,
            stdout=log,
            stderr=log,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/_ministack/health"):
                break
            assert server.poll() is None, (home / "log").read_text()
            time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(params=["moto", "ministack"])
def bucket(request, monkeypatch):
    """The address of a prefix in a bucket of the test's own, with what S3 asks of its clients."""
    url = request.getfixturevalue(f"{request.param}_s3")
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": url}.items():
        monkeypatch.setenv(name, value)
    name = f"jobs-{time.time_ns()}"
    made = pafs.S3FileSystem(endpoint_override=url, allow_bucket_creation=True)
    made.create_dir(name)
    return f"s3://{name}/data"
