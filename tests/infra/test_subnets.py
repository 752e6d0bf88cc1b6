"""The address plan."""

from ipaddress import IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from infra.subnets import plan

vpcs = st.builds(
    lambda second, prefix: IPv4Network(f"10.{second}.0.0/{prefix}"),
    st.integers(0, 255),
    st.integers(16, 24),
)


@given(vpcs, st.integers(1, 4))
def test_subnets_are_disjoint_parts_of_their_half(vpc, zones):
    """A public and a private network a zone, none over another, each kind in its own half."""
    lower, upper = vpc.subnets(prefixlen_diff=1)
    planned = plan(vpc, zones)
    assert len(planned.public) == len(planned.private) == zones
    assert all(subnet.subnet_of(lower) for subnet in planned.public)
    assert all(subnet.subnet_of(upper) for subnet in planned.private)
    subnets = [*planned.public, *planned.private]
    assert not any(a.overlaps(b) for i, a in enumerate(subnets) for b in subnets[:i])
    assert len({subnet.prefixlen for subnet in subnets}) == 1


@given(vpcs, st.integers(1, 4))
def test_a_load_balancer_fits_into_every_subnet(vpc, zones):
    """AWS refuses subnets smaller than a /28, and load balancers in smaller ones than a /27."""
    planned = plan(vpc, zones)
    assert all(subnet.prefixlen <= 27 for subnet in (*planned.public, *planned.private))


@given(vpcs, st.integers(1, 3))
def test_another_zone_moves_no_subnet_unless_all_get_smaller(vpc, zones):
    """Subnets can't be changed on AWS: a third zone beside two would replace them, a fourth not."""
    few, more = plan(vpc, zones), plan(vpc, zones + 1)
    if few.public[0].prefixlen == more.public[0].prefixlen:
        assert more.public[:zones] == few.public
        assert more.private[:zones] == few.private
