"""Image repositories and their lifecycle policies."""

# ruff: noqa: ARG002  # one signature for all types: not each of them needs every argument

from typing import ClassVar

from botocore.exceptions import ClientError

from infra.local.provider import naming, validators
from infra.local.provider.cloud import Cloud, is_gone
from infra.local.provider.properties import Inputs, Property
from infra.local.provider.resource import AutoName, ResourceType
from infra.local.provider.values import Props

AES = {"encryptionType": "AES256"}


class Repository(ResourceType):
    """An image repository; its id is its name."""

    type_name = "aws:ecr/repository:Repository"
    inputs: ClassVar[Inputs] = {
        "name": Property(replaces=True, check=validators.repository_name),
        "imageTagMutability": Property(
            default="MUTABLE", check=validators.one_of("MUTABLE", "IMMUTABLE")
        ),
        "imageScanningConfiguration": Property(
            dict, computed=True, shape={"scanOnPush": Property(bool, required=True)}
        ),
        "encryptionConfigurations": Property(
            list,
            computed=True,
            replaces=True,
            shape={
                "encryptionType": Property(
                    default="AES256", check=validators.one_of("AES256", "KMS")
                ),
                "kmsKey": Property(computed=True),
            },
        ),
        "forceDelete": Property(bool, default=False),
    }
    outputs = ("arn", "registryId", "repositoryUrl")
    unique = ("name",)
    auto_name = AutoName("name", 256, lower=True)
    tagged = True

    def create(self, cloud: Cloud, given: Props) -> str:
        """Make it."""
        held = given.get("encryptionConfigurations")
        encryption = {"encryptionConfiguration": held[0]} if held else {}
        cloud.client("ecr").create_repository(
            repositoryName=given["name"],
            imageTagMutability=given["imageTagMutability"],
            imageScanningConfiguration=given.get("imageScanningConfiguration", {}),
            tags=naming.tag_list(given["tagsAll"]),
            **encryption,
        )
        return str(given["name"])

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read the repository and its tags."""
        client = cloud.client("ecr")
        try:
            found = client.describe_repositories(repositoryNames=[resource_id])["repositories"][0]
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        tags = client.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]
        scanning = found.get("imageScanningConfiguration", {})
        return {
            "id": resource_id,
            "name": resource_id,
            "imageTagMutability": found["imageTagMutability"],
            "imageScanningConfiguration": {"scanOnPush": scanning.get("scanOnPush", False)},
            "encryptionConfigurations": [found.get("encryptionConfiguration", AES)],
            "arn": found["repositoryArn"],
            "registryId": found["registryId"],
            "repositoryUrl": found["repositoryUri"],
            "tagsAll": naming.tag_map(tags),
        }

    def update(self, cloud: Cloud, resource_id: str, old: Props, new: Props) -> None:
        """Set mutability and scanning."""
        client = cloud.client("ecr")
        client.put_image_tag_mutability(
            repositoryName=resource_id, imageTagMutability=new["imageTagMutability"]
        )
        if "imageScanningConfiguration" in new:
            client.put_image_scanning_configuration(
                repositoryName=resource_id,
                imageScanningConfiguration=new["imageScanningConfiguration"],
            )

    def tag(self, cloud: Cloud, resource_id: str, old: Props, tags: dict[str, str]) -> None:
        """Let it carry exactly these tags."""
        client = cloud.client("ecr")
        if stale := [key for key in old.get("tagsAll", {}) if key not in tags]:
            client.untag_resource(resourceArn=old["arn"], tagKeys=stale)
        if tags:
            client.tag_resource(resourceArn=old["arn"], tags=naming.tag_list(tags))

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Remove it, with its images where that is asked for."""
        cloud.client("ecr").delete_repository(
            repositoryName=resource_id, force=known.get("forceDelete", False)
        )


class LifecyclePolicy(ResourceType):
    """Which images a repository forgets; its id is the repository's name."""

    type_name = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
    inputs: ClassVar[Inputs] = {
        "repository": Property(required=True, replaces=True, check=validators.repository_name),
        "policy": Property(required=True, check=validators.json_object, same=validators.same_json),
    }
    outputs = ("registryId",)
    unique = ("repository",)

    def create(self, cloud: Cloud, given: Props) -> str:
        """Put it."""
        client = cloud.client("ecr")
        cloud.insist(
            lambda: client.put_lifecycle_policy(
                repositoryName=given["repository"], lifecyclePolicyText=given["policy"]
            ),
            "RepositoryNotFoundException",
        )
        return str(given["repository"])

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read it."""
        try:
            found = cloud.client("ecr").get_lifecycle_policy(repositoryName=resource_id)
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        return {
            "id": resource_id,
            "repository": resource_id,
            "policy": found["lifecyclePolicyText"],
            "registryId": found["registryId"],
        }

    def update(self, cloud: Cloud, resource_id: str, old: Props, new: Props) -> None:
        """Put it again."""
        self.create(cloud, new)

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Remove it."""
        cloud.client("ecr").delete_lifecycle_policy(repositoryName=resource_id)
