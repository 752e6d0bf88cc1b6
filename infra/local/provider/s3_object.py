"""Objects in a bucket, with their content."""

# ruff: noqa: ARG002  # one signature for all types: not each of them needs every argument

import base64
from collections.abc import Iterator
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from infra.local.provider import naming, validators
from infra.local.provider.cloud import Cloud, is_gone
from infra.local.provider.properties import Fault, Inputs, Property
from infra.local.provider.resource import ResourceType
from infra.local.provider.values import Props

HEADERS = {
    "contentType": "ContentType",
    "cacheControl": "CacheControl",
    "contentEncoding": "ContentEncoding",
    "contentDisposition": "ContentDisposition",
}


class BucketObject(ResourceType):
    """An object; its id is `<bucket>/<key>`, as for an import."""

    type_name = "aws:s3/bucketObjectv2:BucketObjectv2"
    inputs: ClassVar[Inputs] = {
        "bucket": Property(required=True, replaces=True, check=validators.bucket_name),
        "key": Property(required=True, replaces=True, check=validators.object_key),
        "content": Property(),
        "contentBase64": Property(check=validators.base64_text),
        **{name: Property(computed=True) for name in HEADERS},
    }
    outputs = ("arn", "etag", "versionId")
    unique = ("bucket", "key")
    tagged = True
    volatile = ("etag", "versionId")

    def faults(self, given: Props) -> Iterator[Fault]:
        """Refuse two contents."""
        if "content" in given and "contentBase64" in given:
            yield Fault("content", "give content or contentBase64, not both")

    def create(self, cloud: Cloud, given: Props) -> str:
        """Put it once its bucket can be seen."""
        cloud.insist(lambda: self._put(cloud, given), "NoSuchBucket")
        return f"{given['bucket']}/{given['key']}"

    def settle(self, cloud: Cloud, resource_id: str, given: Props) -> None:
        """Tag it."""
        if given["tagsAll"]:
            self.tag(cloud, resource_id, {}, given["tagsAll"])

    def _put(self, cloud: Cloud, given: Props) -> None:
        headers = {word: given[name] for name, word in HEADERS.items() if name in given}
        cloud.client("s3").put_object(
            Bucket=given["bucket"], Key=given["key"], Body=_body(given), **headers
        )

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read headers and tags; the content only where it is not the one that is known."""
        client = cloud.client("s3")
        bucket, _, key = resource_id.partition("/")
        try:
            head = client.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        etag = head["ETag"].strip('"')
        tags = client.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
        return {
            "id": resource_id,
            "bucket": bucket,
            "key": key,
            **{name: head[word] for name, word in HEADERS.items() if head.get(word)},
            **(_content(client, bucket, key, known) if etag != known.get("etag") else {}),
            "etag": etag,
            "versionId": head.get("VersionId", ""),
            "arn": f"arn:aws:s3:::{resource_id}",
            "tagsAll": naming.tag_map(tags),
        }

    def update(self, cloud: Cloud, resource_id: str, old: Props, new: Props) -> None:
        """Put it again, with the tags that a new version would not have."""
        self._put(cloud, new)
        self.tag(cloud, resource_id, old, new["tagsAll"])

    def tag(self, cloud: Cloud, resource_id: str, old: Props, tags: dict[str, str]) -> None:
        """Let it carry exactly these tags."""
        bucket, _, key = resource_id.partition("/")
        cloud.client("s3").put_object_tagging(
            Bucket=bucket, Key=key, Tagging={"TagSet": naming.tag_list(tags)}
        )

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Remove it with all its versions."""
        client = cloud.client("s3")
        bucket, _, key = resource_id.partition("/")
        for page in client.get_paginator("list_object_versions").paginate(
            Bucket=bucket, Prefix=key
        ):
            for item in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
                if item["Key"] == key:
                    client.delete_object(Bucket=bucket, Key=key, VersionId=item["VersionId"])


def _body(given: Props) -> bytes:
    if "contentBase64" in given:
        return base64.b64decode(given["contentBase64"])
    return str(given.get("content", "")).encode()


def _content(client: Any, bucket: str, key: str, known: Props) -> Props:  # noqa: ANN401
    """Return the content as the input that it was given by; as text where none was."""
    body: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    if "contentBase64" not in known:
        try:
            return {"content": body.decode()}
        except UnicodeDecodeError:
            pass
    return {"contentBase64": base64.b64encode(body).decode()}
