"""Plans a VPC's address space: arithmetic only."""

from ipaddress import IPv4Network


def plan(vpc_cidr: IPv4Network, zones: int) -> list[IPv4Network]:
    """Cut one public subnet a zone out of the VPC, all of one size.

    Parameters
    ----------
    vpc_cidr
        The VPC's network.
    zones
        How many availability zones take one subnet each.

    Returns
    -------
    list of IPv4Network
        `zones` networks from the lower half of the VPC; its upper half stays free for private ones.
    """
    public_half = next(vpc_cidr.subnets(prefixlen_diff=1))
    bits = (zones - 1).bit_length()
    return list(public_half.subnets(prefixlen_diff=bits))[:zones]
