"""Key pairs."""

# ruff: noqa: ARG002  # one signature for all types: not each of them needs every argument

from typing import ClassVar

from infra.local.provider import ec2, validators
from infra.local.provider.cloud import Cloud
from infra.local.provider.naming import tag_map
from infra.local.provider.properties import Inputs, Property
from infra.local.provider.resource import AutoName
from infra.local.provider.values import Props


def _same_key(old: str, new: str) -> bool:
    """Tell whether two public keys are the same, whatever their comments."""
    return old.split()[:2] == new.split()[:2]


class KeyPair(ec2.Ec2Type):
    """A public key under a name, which is its id."""

    type_name = "aws:ec2/keyPair:KeyPair"
    inputs: ClassVar[Inputs] = {
        "keyName": Property(replaces=True, check=validators.key_name),
        "publicKey": Property(
            required=True, replaces=True, check=validators.public_key, same=_same_key
        ),
    }
    outputs = ("arn", "fingerprint", "keyPairId", "keyType")
    forgotten = frozenset({"tagsAll"})
    unique = ("keyName",)
    auto_name = AutoName("keyName", 255)

    def create(self, cloud: Cloud, given: Props) -> str:
        """Import the key."""
        made = cloud.client("ec2").import_key_pair(
            KeyName=given["keyName"],
            PublicKeyMaterial=given["publicKey"].encode(),
            **ec2.tagged("key-pair", given["tagsAll"]),
        )
        return str(made["KeyName"])

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read the pair; an emulator may keep no key to show."""
        client = cloud.client("ec2")
        found = ec2.one(
            lambda: client.describe_key_pairs(KeyNames=[resource_id], IncludePublicKey=True)[
                "KeyPairs"
            ]
        )
        if found is None:
            return None
        shown = {"publicKey": found["PublicKey"].strip()} if found.get("PublicKey") else {}
        return {
            "id": resource_id,
            "keyName": resource_id,
            **shown,
            "fingerprint": found.get("KeyFingerprint"),
            "keyPairId": found.get("KeyPairId"),
            "keyType": found.get("KeyType", ""),
            "arn": ec2.arn(cloud, ec2.account(cloud), "key-pair", resource_id),
            "tagsAll": tag_map(found.get("Tags")),
        }

    def tag(self, cloud: Cloud, resource_id: str, old: Props, tags: dict[str, str]) -> None:
        """Tag it by the id that tags know it by."""
        ec2.retag(cloud, old["keyPairId"], old.get("tagsAll", {}), tags)

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Remove it."""
        cloud.client("ec2").delete_key_pair(KeyName=resource_id)
