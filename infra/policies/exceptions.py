"""The written exceptions: which rule a profile does not keep, and why."""

from infra.settings import Profile

NO_BALANCER = "the cheap profile has no load balancer (about 20 USD a month)"

EXCEPTIONS: dict[tuple[Profile, str], str] = {
    ("dev", "instance-is-private"): f"{NO_BALANCER}: its host has the address, with 443 open",
    ("dev", "aws-is-reached-privately"): (
        "seven interface endpoints cost about 60 USD a month: the host uses the public ones by TLS"
    ),
    ("dev", "balancer-stands-before-the-host"): NO_BALANCER,
}
