"""What a stack will declare that AWS charges for, known from its settings alone.

The program declares a resource before it knows of the next one, and the engine makes the first
ones at once: a price limit that refuses before anything exists needs this list. A test under
Pulumi's mocks holds it against what the program declares.
"""

from collections.abc import Mapping
from typing import Any

from infra.settings import Settings

Resource = tuple[str, Mapping[str, Any]]
"""Type and inputs of a resource, in the engine's words."""


ROOT_VOLUME_GB = 16


def plan(settings: Settings) -> list[Resource]:
    """Return each resource that has a price or charges by use, with the inputs that matter."""
    return [*_host(settings), *_storage()]


def _host(settings: Settings) -> list[Resource]:
    root = {"volumeType": "gp3", "volumeSize": ROOT_VOLUME_GB}
    return [
        (
            "aws:ec2/instance:Instance",
            {"instanceType": settings.instance_type, "rootBlockDevice": root},
        ),
        ("aws:ebs/volume:Volume", {"type": "gp3", "size": settings.data_volume_gb}),
        ("aws:ec2/eip:Eip", {}),
    ]


def _storage() -> list[Resource]:
    return [("aws:s3/bucket:Bucket", {}), ("aws:ecr/repository:Repository", {})]
