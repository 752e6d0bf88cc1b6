"""The settings of a bucket that are resources of their own."""

# ruff: noqa: ARG002  # one signature for all types: not each of them needs every argument

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from infra.local.provider import validators
from infra.local.provider.cloud import Cloud, is_gone
from infra.local.provider.properties import Inputs, Property
from infra.local.provider.resource import ResourceType
from infra.local.provider.values import Props

OF_BUCKET = Property(required=True, replaces=True, check=validators.bucket_name)


class BucketSetting(ResourceType):
    """One setting of a bucket; its id is the bucket's name.

    Attributes
    ----------
    call
        The last part of S3's operations get_…, put_… and delete_….
    removal
        The last part of the delete operation where it is another one.
    """

    unique = ("bucket",)
    call: ClassVar[str]
    removal: ClassVar[str] = ""

    @abstractmethod
    def asked(self, given: Props) -> dict[str, Any]:
        """Return the arguments of the put operation."""

    @abstractmethod
    def told(self, answer: Mapping[str, Any]) -> Props | None:
        """Return the inputs that the get operation's answer stands for; None where unset."""

    def create(self, cloud: Cloud, given: Props) -> str:
        """Put the setting once the bucket can be seen."""
        cloud.insist(lambda: self._put(cloud, given), "NoSuchBucket", "OperationAborted")
        return str(given["bucket"])

    def update(self, cloud: Cloud, resource_id: str, old: Props, new: Props) -> None:
        """Put it again."""
        self._put(cloud, new)

    def _put(self, cloud: Cloud, given: Props) -> None:
        client = cloud.client("s3")
        getattr(client, f"put_{self.call}")(Bucket=given["bucket"], **self.asked(given))

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Get the setting; S3 has a code of its own for each that is not there."""
        client = cloud.client("s3")
        try:
            answer = getattr(client, f"get_{self.call}")(Bucket=resource_id)
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        told = self.told(answer)
        return None if told is None else {"id": resource_id, "bucket": resource_id, **told}

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Unset it."""
        getattr(cloud.client("s3"), f"delete_{self.removal or self.call}")(Bucket=resource_id)


class BucketVersioning(BucketSetting):
    """Whether a bucket keeps old versions."""

    type_name = "aws:s3/bucketVersioning:BucketVersioning"
    call = "bucket_versioning"
    inputs: ClassVar[Inputs] = {
        "bucket": OF_BUCKET,
        "versioningConfiguration": Property(
            dict,
            required=True,
            shape={
                "status": Property(required=True, check=validators.one_of("Enabled", "Suspended"))
            },
        ),
    }

    def asked(self, given: Props) -> dict[str, Any]:
        """Return the arguments of the put operation."""
        status = given["versioningConfiguration"]["status"]
        return {"VersioningConfiguration": {"Status": status}}

    def told(self, answer: Mapping[str, Any]) -> Props | None:
        """Return the status; a bucket that never had one has no such setting."""
        status = answer.get("Status")
        return {"versioningConfiguration": {"status": status}} if status else None

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Suspend it: S3 has no way back to a bucket that never had versions."""
        off = {"VersioningConfiguration": {"Status": "Suspended"}}
        cloud.client("s3").put_bucket_versioning(Bucket=resource_id, **off)


class BucketPublicAccessBlock(BucketSetting):
    """What keeps a bucket private whatever its policy says."""

    type_name = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    call = "public_access_block"
    inputs: ClassVar[Inputs] = {
        "bucket": OF_BUCKET,
        "blockPublicAcls": Property(bool, default=False),
        "blockPublicPolicy": Property(bool, default=False),
        "ignorePublicAcls": Property(bool, default=False),
        "restrictPublicBuckets": Property(bool, default=False),
    }

    def asked(self, given: Props) -> dict[str, Any]:
        """Return the arguments of the put operation."""
        flags = {k[0].upper() + k[1:]: v for k, v in given.items() if k in FLAGS}
        return {"PublicAccessBlockConfiguration": flags}

    def told(self, answer: Mapping[str, Any]) -> Props | None:
        """Return the four switches."""
        held = answer["PublicAccessBlockConfiguration"]
        return {flag: held.get(flag[0].upper() + flag[1:], False) for flag in FLAGS}


FLAGS = [name for name in BucketPublicAccessBlock.inputs if name != "bucket"]


class BucketEncryption(BucketSetting):
    """How a bucket encrypts what it is given."""

    type_name = (
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    )
    call = "bucket_encryption"
    inputs: ClassVar[Inputs] = {
        "bucket": OF_BUCKET,
        "rules": Property(
            list,
            required=True,
            shape={
                "applyServerSideEncryptionByDefault": Property(
                    dict,
                    required=True,
                    shape={
                        "sseAlgorithm": Property(
                            required=True,
                            check=validators.one_of("AES256", "aws:kms", "aws:kms:dsse"),
                        ),
                        "kmsMasterKeyId": Property(),
                    },
                ),
                "bucketKeyEnabled": Property(bool, computed=True),
            },
        ),
    }

    def asked(self, given: Props) -> dict[str, Any]:
        """Return the arguments of the put operation."""
        return {"ServerSideEncryptionConfiguration": {"Rules": [_rule(r) for r in given["rules"]]}}

    def told(self, answer: Mapping[str, Any]) -> Props | None:
        """Return the rules."""
        held = answer["ServerSideEncryptionConfiguration"]["Rules"]
        return {"rules": [_told_rule(rule) for rule in held]}


def _rule(given: Props) -> dict[str, Any]:
    default = given["applyServerSideEncryptionByDefault"]
    key = {"KMSMasterKeyID": default["kmsMasterKeyId"]} if "kmsMasterKeyId" in default else {}
    flag = {"BucketKeyEnabled": given["bucketKeyEnabled"]} if "bucketKeyEnabled" in given else {}
    algorithm = {"SSEAlgorithm": default["sseAlgorithm"], **key}
    return {"ApplyServerSideEncryptionByDefault": algorithm, **flag}


def _told_rule(rule: Mapping[str, Any]) -> Props:
    default = rule.get("ApplyServerSideEncryptionByDefault", {})
    key = {"kmsMasterKeyId": default["KMSMasterKeyID"]} if default.get("KMSMasterKeyID") else {}
    return {
        "applyServerSideEncryptionByDefault": {"sseAlgorithm": default.get("SSEAlgorithm"), **key},
        "bucketKeyEnabled": rule.get("BucketKeyEnabled", False),
    }


class BucketOwnershipControls(BucketSetting):
    """Who owns what is put into a bucket."""

    type_name = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
    call = "bucket_ownership_controls"
    inputs: ClassVar[Inputs] = {
        "bucket": OF_BUCKET,
        "rule": Property(
            dict,
            required=True,
            shape={
                "objectOwnership": Property(
                    required=True,
                    check=validators.one_of(
                        "BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"
                    ),
                )
            },
        ),
    }

    def asked(self, given: Props) -> dict[str, Any]:
        """Return the arguments of the put operation."""
        rule = {"ObjectOwnership": given["rule"]["objectOwnership"]}
        return {"OwnershipControls": {"Rules": [rule]}}

    def told(self, answer: Mapping[str, Any]) -> Props | None:
        """Return the one rule."""
        rules = answer["OwnershipControls"]["Rules"]
        return {"rule": {"objectOwnership": rules[0]["ObjectOwnership"]}} if rules else None


class BucketPolicy(BucketSetting):
    """Who may do what with a bucket."""

    type_name = "aws:s3/bucketPolicy:BucketPolicy"
    call = "bucket_policy"
    inputs: ClassVar[Inputs] = {
        "bucket": OF_BUCKET,
        "policy": Property(required=True, check=validators.policy, same=validators.same_json),
    }

    def asked(self, given: Props) -> dict[str, Any]:
        """Return the arguments of the put operation."""
        return {"Policy": given["policy"]}

    def told(self, answer: Mapping[str, Any]) -> Props | None:
        """Return the policy's text."""
        return {"policy": answer["Policy"]} if answer.get("Policy") else None
