"""The instance type is large enough for the services' memory limits."""

import dataclasses

import pytest

from infra import prices, size
from infra.errors import UserError
from infra.services import SERVICES, services_of
from infra.settings import Settings


def service(name, memory_mb, runs="always", job_mb=0):
    return dataclasses.replace(
        SERVICES[0], name=name, memory_mb=memory_mb, runs=runs, job_mb=job_mb
    )


def test_jobs_run_one_after_the_other():
    """All services that stay, and the largest of what ends: a service of its own, or its job."""
    listed = [service("a", 500), service("b", 300, job_mb=200), service("c", 100, "once")]
    assert size.demand_mb(listed) == 1000 + size.SYSTEM_MB
    assert size.demand_mb([*listed, service("d", 900, "once")]) == 1700 + size.SYSTEM_MB


@pytest.mark.parametrize("default", [Settings.instance_type, "t4g.small"])
def test_the_default_holds_every_service(dev, default):
    """Limits of all services fit memory and swap, on both architectures."""
    size.check(dataclasses.replace(dev, instance_type=default))
    assert default in size.fitting(size.demand_mb(services_of("compose")), prices.table().instances)


def test_a_smaller_type_is_refused_with_the_numbers(dev):
    """Key, value, what it has, what is needed and what is allowed."""
    large = [service("a", 3000)]
    with pytest.raises(UserError) as refused:
        size.check(dataclasses.replace(dev, instance_type="t3.micro"), large)
    told = str(refused.value)
    assert "instanceType: t3.micro is refused: it has 3072 MB, 1024 of it memory" in told
    assert f"{3000 + size.SYSTEM_MB} MB" in told
    assert "t3.small" in told
    assert "t3.nano" not in told


def test_the_default_type_is_the_cheapest_of_its_family_that_fits():
    """Nobody pays for more than the services need."""
    fitting = size.fitting(size.demand_mb(services_of("compose")), prices.table().instances)
    assert next(name for name in fitting if name.startswith("t3.")) == Settings.instance_type


def test_a_large_host_has_no_swap():
    """Only small ones get it: cloud-init makes none where it would be little beside the memory."""
    known = prices.table().instances
    assert size.holds_mb(known["t3.small"]) == 4096
    assert size.holds_mb(known["t3.large"]) == 8192


def test_a_type_that_nobody_knows_passes(dev):
    """The table is no list of what may be used."""
    size.check(dataclasses.replace(dev, instance_type="x9.huge"), [service("a", 99999)])
