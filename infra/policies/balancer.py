"""Rules of the load balancer."""

from collections.abc import Iterator

from infra.policies.declared import Finding, Stack, Unknown, expect, is_

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"
INSTANCE = "aws:ec2/instance:Instance"
MODES = ("defensive", "strictest")
MIN_ZONES = 2


def balancer_stands_before_the_host(stack: Stack) -> Iterator[Finding]:
    """Row 31: requests come by a load balancer, which is hard to remove by mistake."""
    if not any(stack.of(BALANCER)):
        for instance in stack.of(INSTANCE):
            yield Finding(instance, "no LoadBalancer stands before it", "declare one")
    for balancer in stack.of(BALANCER):
        yield from expect(
            balancer,
            "enableDeletionProtection",
            is_(True),
            "set enable_deletion_protection=True",
        )
        subnets = balancer.at("subnets") or balancer.at("subnetMappings") or []
        if not isinstance(subnets, Unknown) and len(subnets) < MIN_ZONES:
            yield Finding(balancer, f"has {len(subnets)} subnets", "give it two zones")


def balancer_refuses_odd_requests(stack: Stack) -> Iterator[Finding]:
    """Row 31: malformed headers and smuggled requests end at the balancer."""
    for balancer in stack.of(BALANCER):
        yield from expect(
            balancer,
            "dropInvalidHeaderFields",
            is_(True),
            "set drop_invalid_header_fields=True",
        )
        yield from expect(
            balancer,
            "desyncMitigationMode",
            # Not set is AWS's default, defensive.
            lambda mode: mode is None or mode in MODES,
            "set desync_mitigation_mode='defensive'",
        )


def balancer_is_logged(stack: Stack) -> Iterator[Finding]:
    """Row 31: every request is written down."""
    for balancer in stack.of(BALANCER):
        yield from expect(
            balancer,
            "accessLogs.enabled",
            is_(True),
            "set access_logs with enabled=True and the log bucket",
        )


def listeners_speak_tls(stack: Stack) -> Iterator[Finding]:
    """Row 31: plain HTTP is redirected; HTTPS has a policy without old versions of TLS."""
    for listener in stack.of(LISTENER):
        if listener.at("protocol") == "HTTPS":
            yield from expect(
                listener,
                "sslPolicy",
                lambda policy: "TLS13" in str(policy),
                "set ssl_policy='ELBSecurityPolicy-TLS13-1-2-2021-06'",
            )
            continue
        kinds = [action.get("type") for action in listener.items_at("defaultActions")]
        if kinds != ["redirect"]:
            yield Finding(
                listener,
                f"port {listener.at('port')} speaks {listener.at('protocol')} ({kinds})",
                "redirect it to 443",
            )
