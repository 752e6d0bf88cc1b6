"""The address plan."""

from ipaddress import IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from infra.subnets import plan


@given(st.integers(16, 24), st.integers(1, 4))
def test_subnets_are_disjoint_and_leave_the_upper_half_free(prefix, zones):
    """One network a zone, inside the VPC, none over another, none in the half for later."""
    vpc = IPv4Network(f"10.20.0.0/{prefix}")
    lower, upper = vpc.subnets(prefixlen_diff=1)
    subnets = plan(vpc, zones)
    assert len(subnets) == zones
    assert all(subnet.subnet_of(lower) and not subnet.overlaps(upper) for subnet in subnets)
    assert not any(a.overlaps(b) for i, a in enumerate(subnets) for b in subnets[:i])
    # AWS refuses subnets smaller than a /28.
    assert all(subnet.prefixlen <= 28 for subnet in subnets)
