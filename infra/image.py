"""The image of the services: its repository, its build, and the tag that names its sources."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.settings import Settings

DOCKERFILE = "app/Dockerfile"
SOURCES = ("app", "training", "monitoring", "requirements-image.txt", DOCKERFILE)
"""What goes into the image: a change in any of these is another image."""

KEPT_IMAGES = 10


def source_digest(checkout: Path) -> str:
    """Return twelve hex digits that name the content of the image's sources."""
    digest = hashlib.sha256()
    for source in SOURCES:
        root = checkout / source
        # All that the build is given, as `.dockerignore` has it: another file is another image.
        files = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file())
        files = [path for path in files if "__pycache__" not in path.parts]
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
    """Where the sources are, the images' key, and the settings that an image depends on."""

    checkout: Path
    key_arn: pulumi.Input[str]
    settings: Settings


class Image(pulumi.ComponentResource):
    """The ECR repository, and the image in it, built here for the host's architecture.

    Where the services are processes of this machine there is nothing to build: they run from the
    checkout, and the tag of its sources stands for the image.
    """

    repository_url: pulumi.Output[str]
    repository_arn: pulumi.Output[str]
    reference: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        args: ImageArgs,
        invoke: pulumi.InvokeOptions,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("pulumi-mlops:infra:Image", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        repository = aws.ecr.Repository(
            name,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": args.key_arn}],
            force_delete=not args.settings.protect_data,
            opts=pulumi.ResourceOptions(parent=self, protect=args.settings.protect_data),
        )
        aws.ecr.LifecyclePolicy(name, repository=repository.name, policy=lifecycle(), opts=inside)
        tag = pulumi.Output.concat(repository.repository_url, ":", source_digest(args.checkout))
        self.repository_url = repository.repository_url
        self.repository_arn = repository.arn
        self.reference = tag
        if args.settings.runtime == "compose":
            login = aws.ecr.get_authorization_token_output(
                registry_id=repository.registry_id, opts=invoke
            )
            self.reference = self._build(name, args, tag, login)
        self.register_outputs({"repository_url": repository.repository_url})

    def _build(
        self,
        name: str,
        args: ImageArgs,
        tag: pulumi.Output[str],
        login: Any,  # noqa: ANN401  # pulumi_aws is taken as Any
    ) -> pulumi.Output[str]:
        """Build and push; return the reference with the digest of what was pushed."""
        # Imported here: stack `local` builds nothing.
        import pulumi_docker_build as docker_build  # noqa: PLC0415

        built: Any = docker_build.Image(
            name,
            context={"location": str(args.checkout)},
            dockerfile={"location": str(args.checkout / DOCKERFILE)},
            # The host's platform, whatever this machine's is.
            platforms=[docker_build.Platform(f"linux/{args.settings.architecture}")],
            tags=[tag],
            push=True,
            build_on_preview=False,
            registries=[
                {
                    "address": login.proxy_endpoint,
                    "username": login.user_name,
                    "password": login.password,
                }
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        return pulumi.Output.from_input(built.ref)
