"""Settings as the two stacks have them."""

import ipaddress

import pytest

from infra.settings import Settings


@pytest.fixture(scope="session")
def dev():
    return Settings("shop", "dev", "ada", "eu-west-3", ipaddress.IPv4Network("203.0.113.7/32"))


@pytest.fixture(scope="session")
def local():
    return Settings(
        "shop",
        "local",
        "ada",
        "eu-west-3",
        ipaddress.IPv4Network("127.0.0.1/32"),
        auth="open",
        runtime="processes",
        aws_endpoint="http://127.0.0.1:4566",
        host_address="127.0.0.1",
    )
