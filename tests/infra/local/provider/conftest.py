"""A provider configured for each of two emulators."""

import pytest

from infra.local.provider.provider import AwsProvider
from tests import emulators
from tests.infra.local.provider.driver import Driver, configuration


@pytest.fixture(scope="session")
def moto():
    with emulators.moto_within() as url:
        yield url


@pytest.fixture(scope="session")
def ministack(tmp_path_factory):
    with emulators.ministack(tmp_path_factory.mktemp("ministack")) as url:
        yield url


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
