"""Buckets."""

# ruff: noqa: ARG002  # one signature for all types: not each of them needs every argument

from typing import Any, ClassVar

from botocore.exceptions import ClientError

from infra.local.provider import naming, validators
from infra.local.provider.cloud import Cloud, code, is_gone
from infra.local.provider.properties import Inputs, Property
from infra.local.provider.resource import AutoName, ResourceType
from infra.local.provider.values import Props


class Bucket(ResourceType):
    """A bucket; its id is its name."""

    type_name = "aws:s3/bucket:Bucket"
    inputs: ClassVar[Inputs] = {
        "bucket": Property(replaces=True, check=validators.bucket_name),
        "forceDestroy": Property(bool, default=False),
    }
    outputs = ("arn", "bucketDomainName", "bucketRegion", "bucketRegionalDomainName")
    unique = ("bucket",)
    auto_name = AutoName("bucket", 63, lower=True)
    tagged = True

    def create(self, cloud: Cloud, given: Props) -> str:
        """Make it; one in us-east-1 must not name its region."""
        region = cloud.settings.region
        where = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        cloud.client("s3").create_bucket(
            Bucket=given["bucket"], **({} if region == "us-east-1" else where)
        )
        return str(given["bucket"])

    def settle(self, cloud: Cloud, resource_id: str, given: Props) -> None:
        """Tag it; S3 takes no tags along with the making."""
        cloud.insist(lambda: self.tag(cloud, resource_id, {}, given["tagsAll"]), "NoSuchBucket")

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read that it is there, and its tags."""
        client = cloud.client("s3")
        try:
            client.head_bucket(Bucket=resource_id)
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        region = cloud.settings.region
        return {
            "id": resource_id,
            "bucket": resource_id,
            "arn": f"arn:aws:s3:::{resource_id}",
            "bucketDomainName": f"{resource_id}.s3.amazonaws.com",
            "bucketRegion": region,
            "bucketRegionalDomainName": f"{resource_id}.s3.{region}.amazonaws.com",
            "tagsAll": _bucket_tags(client, resource_id),
        }

    def tag(self, cloud: Cloud, resource_id: str, old: Props, tags: dict[str, str]) -> None:
        """Let it carry exactly these tags."""
        client = cloud.client("s3")
        if tags:
            tagging = {"TagSet": naming.tag_list(tags)}
            client.put_bucket_tagging(Bucket=resource_id, Tagging=tagging)
        else:
            client.delete_bucket_tagging(Bucket=resource_id)

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Remove it, emptied first where that is asked for."""
        client = cloud.client("s3")
        if known.get("forceDestroy"):
            _empty(client, resource_id)
        client.delete_bucket(Bucket=resource_id)


def _bucket_tags(client: Any, bucket: str) -> dict[str, str]:  # noqa: ANN401
    try:
        return naming.tag_map(client.get_bucket_tagging(Bucket=bucket)["TagSet"])
    except ClientError as error:
        if code(error) == "NoSuchTagSet":
            return {}
        raise


def _empty(client: Any, bucket: str) -> None:  # noqa: ANN401
    """Remove every version, delete marker and unfinished upload of a bucket."""
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [
            {"Key": item["Key"], "VersionId": item["VersionId"]}
            for item in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        ]
        if found:
            done = client.delete_objects(Bucket=bucket, Delete={"Objects": found, "Quiet": True})
            for error in done.get("Errors", ())[:1]:
                raise ClientError({"Error": error}, "DeleteObjects")
    for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", ()):
            client.abort_multipart_upload(
                Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"]
            )
