"""The image repository, and the tag that says which source an image holds."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws

SOURCES = ("app", "training", "monitoring", "requirements.txt")
"""What goes into the image: a change in any of these is another image."""

KEPT_IMAGES = 10


def source_digest(checkout: Path) -> str:
    """Return twelve hex digits that name the content of the image's sources."""
    digest = hashlib.sha256()
    for source in SOURCES:
        root = checkout / source
        files = [root] if root.is_file() else sorted(root.rglob("*.py"))
        for path in files:
            digest.update(str(path.relative_to(checkout)).encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def lifecycle() -> str:
    """Return the repository's lifecycle policy: it keeps the newest images only."""
    rule = {
        "rulePriority": 1,
        "description": f"keep the newest {KEPT_IMAGES} images",
        "selection": {
            "tagStatus": "any",
            "countType": "imageCountMoreThan",
            "countNumber": KEPT_IMAGES,
        },
        "action": {"type": "expire"},
    }
    return json.dumps({"rules": [rule]})


@dataclass(frozen=True)
class ImageArgs:
    """Where the sources are, the images' key, and whether the images outlive the stack."""

    checkout: Path
    key_arn: pulumi.Input[str]
    protect: bool


class Image(pulumi.ComponentResource):
    """The ECR repository of the service's image."""

    repository_url: pulumi.Output[str]
    repository_arn: pulumi.Output[str]
    reference: pulumi.Output[str]

    def __init__(
        self, name: str, args: ImageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("pulumi-mlops:infra:Image", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        repository = aws.ecr.Repository(
            name,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": args.key_arn}],
            force_delete=not args.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        aws.ecr.LifecyclePolicy(name, repository=repository.name, policy=lifecycle(), opts=inside)
        self.repository_url = repository.repository_url
        self.repository_arn = repository.arn
        self.reference = pulumi.Output.concat(
            repository.repository_url, ":", source_digest(args.checkout)
        )
        self.register_outputs({"repository_url": repository.repository_url})
