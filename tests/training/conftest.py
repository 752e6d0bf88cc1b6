"""S3 for the tests of jobs: two emulators that nobody here wrote."""

import time

import pyarrow.fs as pafs
import pytest

from tests import emulators

KEYS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "eu-west-3",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(scope="session")
def moto_s3():
    with emulators.moto_within() as url:
        yield url


@pytest.fixture(scope="session")
def ministack_s3(tmp_path_factory):
    with emulators.ministack(tmp_path_factory.mktemp("ministack")) as url:
        yield url


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
