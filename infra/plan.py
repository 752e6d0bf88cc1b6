"""What a stack will declare that AWS charges for, known from its settings alone.

The program declares a resource before it knows of the next one, and the engine makes the first
ones at once: a price limit that refuses before anything exists needs this list. A test under
Pulumi's mocks holds it against what the program declares.
"""

from collections.abc import Mapping
from typing import Any

from infra.endpoints import INTERFACES
from infra.host import ROOT_VOLUME_GB
from infra.settings import Settings

Resource = tuple[str, Mapping[str, Any]]
"""Type and inputs of a resource, in the engine's words."""

BALANCER_ZONES = 2
"""AWS takes no load balancer in fewer."""


def plan(settings: Settings) -> list[Resource]:
    """Return each resource that has a price or charges by use, with the inputs that matter."""
    shape = _public() if settings.profile == "dev" else _private()
    return [*_host(settings), *_storage(), *shape]


def _host(settings: Settings) -> list[Resource]:
    root = {"volumeType": "gp3", "volumeSize": ROOT_VOLUME_GB}
    instance = {
        "instanceType": settings.instance_type,
        "rootBlockDevice": root,
        "monitoring": True,
    }
    return [
        ("aws:ec2/instance:Instance", instance),
        ("aws:ebs/volume:Volume", {"type": "gp3", "size": settings.data_volume_gb}),
    ]


def _storage() -> list[Resource]:
    """Return the key and what it encrypts."""
    kinds = (
        "aws:kms/key:Key",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:ec2/flowLog:FlowLog",
        "aws:s3/bucket:Bucket",
        "aws:ecr/repository:Repository",
    )
    return [(kind, {}) for kind in kinds]


def _public() -> list[Resource]:
    """Return what profile `dev` is reached by."""
    return [("aws:ec2/eip:Eip", {})]


def _private() -> list[Resource]:
    """Return the doors of profile `hardened`: in by the load balancer, out by NAT or endpoints."""
    interface = {"vpcEndpointType": "Interface", "subnetIds": ["one"]}
    return [
        ("aws:lb/loadBalancer:LoadBalancer", {"subnets": ["a zone"] * BALANCER_ZONES}),
        ("aws:ec2/natGateway:NatGateway", {}),
        ("aws:ec2/eip:Eip", {}),
        *(("aws:ec2/vpcEndpoint:VpcEndpoint", interface) for _ in INTERFACES),
    ]
