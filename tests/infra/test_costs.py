"""The price of a stack is counted from what it declares, and is known before anything exists."""

import dataclasses

import pulumi
import pytest

from infra import charges, costs, prices, recording, settings
from infra.errors import UserError
from infra.plan import plan

TABLE = prices.parse(
    {
        "region": "eu-west-3",
        "source": "a made table",
        "instances_as_of": "2026-02-01",
        "instances": {"t3.small": {"usd_hour": 0.02, "memory_mb": 2048}},
        "prices": {
            name: {"usd": usd, "as_of": "2026-03-01"}
            for name, usd in {
                **dict.fromkeys(prices.table().usd, 1.0),
                "ebs_gp3_gb_month": 0.1,
                "ebs_gp3_extra_iops_month": 0.01,
                "public_ipv4_hour": 0.005,
                "alb_hour": 0.03,
                "interface_endpoint_hour": 0.01,
                "detailed_metric_month": 0.3,
            }.items()
        },
    }
)
INSTANCE = "aws:ec2/instance:Instance"


def priced(kind, **props):
    """Return what one resource costs, by what is paid for."""
    found = costs.estimate([(kind, props)], TABLE)
    return {line.what: line.monthly_usd for line in found.lines}


def declared(**changes):
    return [
        (found.type, found.inputs) for found in recording.record({**recording.EXAMPLE, **changes})
    ]


@pytest.mark.parametrize("profile", recording.PROFILES)
@pytest.mark.parametrize("instance_type", ["t3.small", "t4g.small"])
def test_the_plan_is_what_the_program_declares(profile, instance_type):
    """The price that is judged beforehand is the price of the real declaration."""
    values = {**recording.PROFILES[profile], "instanceType": instance_type, "dataVolumeGb": "33"}
    real = costs.estimate(declared(**values), prices.table())
    chosen = settings.read(recording.PROJECT, "dev", values)
    assert costs.estimate(plan(chosen), prices.table()) == real
    assert real.unknown == ()
    assert real.monthly_usd > 10


def test_an_instance_pays_for_its_hours_its_root_volume_and_its_metrics():
    """730 hours a month, and what the declaration adds to them."""
    root = {"volumeType": "gp3", "volumeSize": 16}
    assert priced(INSTANCE, instanceType="t3.small", rootBlockDevice=root) == {
        "EC2 t3.small": 14.6,
        "EBS gp3, GB": 1.6,
    }
    watched = priced(INSTANCE, instanceType="t3.small", rootBlockDevice=root, monitoring=True)
    assert watched["EC2 detailed monitoring, metrics"] == 2.1


def test_a_volume_pays_for_speed_beyond_what_is_included():
    """3,000 operations a second come with a gp3 volume."""
    kind = "aws:ebs/volume:Volume"
    assert priced(kind, type="gp3", size=20, iops=3000) == {"EBS gp3, GB": 2.0}
    assert priced(kind, type="gp3", size=20, iops=4000)["EBS gp3, more IOPS"] == 10.0


def test_a_load_balancer_pays_for_an_address_in_each_zone():
    """One inside the network has none."""
    kind = "aws:lb/loadBalancer:LoadBalancer"
    outside = priced(kind, subnets=["a", "b"], internal=False)
    assert outside == {"application load balancer": 21.9, "public IPv4 address": 7.3}
    assert "public IPv4 address" not in priced(kind, subnets=["a", "b"], internal=True)


def test_only_interface_endpoints_cost_and_each_zone_of_them():
    """A gateway endpoint is free."""
    kind = "aws:ec2/vpcEndpoint:VpcEndpoint"
    inside = priced(kind, vpcEndpointType="Interface", subnetIds=["a", "b"])
    assert inside == {"VPC interface endpoint, a zone": 14.6}
    assert priced(kind, vpcEndpointType="Gateway", routeTableIds=["a"]) == {}


def test_what_has_no_price_is_named():
    """Neither a type that nobody knows nor an instance type without a price passes for free."""
    found = costs.estimate(
        [("aws:new/thing:Thing", {}), (INSTANCE, {"instanceType": "x9.huge"})], TABLE
    )
    assert "aws:new/thing:Thing: its price is not in the table" in found.unknown
    assert "EC2 x9.huge: its price is not in the table" in found.not_priced


def test_no_type_is_both_charged_and_free():
    """The three lists of types do not contradict each other."""
    assert not charges.FREE & (charges.PRICED.keys() | charges.USAGE.keys())


def test_what_depends_on_use_is_named_and_not_counted():
    """A bucket at rest costs nothing that could be known before."""
    found = costs.estimate([("aws:s3/bucket:Bucket", {})], TABLE)
    assert found.monthly_usd == 0
    assert any("S3" in what for what in found.not_priced)


def test_a_dearer_stack_than_the_limit_is_refused_with_total_limit_and_dearest(dev):
    """The refusal tells what to change."""
    limited = dataclasses.replace(dev, max_monthly_usd=10)
    with pytest.raises(UserError) as refused:
        costs.judge(limited)
    total = costs.judge(dev).monthly_usd
    assert f"{total:.2f} USD" in str(refused.value)
    assert "maxMonthlyUsd of 10" in str(refused.value)
    assert "EC2 t3.small" in str(refused.value)
    assert costs.judge(dataclasses.replace(dev, max_monthly_usd=100)).monthly_usd == total


@pytest.mark.parametrize("change", [{"instance_type": "x9.huge"}, {"region": "us-east-1"}])
def test_a_limit_that_cannot_be_kept_is_refused(dev, change):
    """Without a limit the same stack is told what has no price; with one it is refused."""
    free = dataclasses.replace(dev, **change)
    (value,) = change.values()
    assert any(value in what for what in costs.judge(free).not_priced)
    with pytest.raises(UserError, match=value):
        costs.judge(dataclasses.replace(free, max_monthly_usd=1000))


def test_nothing_is_declared_that_is_too_dear():
    """The refusal comes before the first resource."""
    with pytest.raises(pulumi.RunError, match="maxMonthlyUsd of 2"):
        declared(maxMonthlyUsd="2")


def test_the_embedded_aws_costs_nothing(local):
    """No limit refuses stack `local`."""
    found = costs.judge(dataclasses.replace(local, max_monthly_usd=1))
    assert (found.monthly_usd, found.not_priced) == (0, ())
    assert costs.text(found) == "the embedded AWS costs nothing"


def test_the_table_is_dated_by_its_oldest_price():
    """An estimate does not pass for newer than what it is made of."""
    assert TABLE.as_of == "2026-02-01"
    assert costs.estimate([], TABLE).as_of == TABLE.as_of
