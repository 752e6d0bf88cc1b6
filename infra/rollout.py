"""Puts the host bundle where the host follows it."""

import base64

import pulumi
import pulumi_aws as aws

from infra import bundle
from infra.settings import Settings


class Rollout(pulumi.ComponentResource):
    """The bundle under its content's name, and the pointer that puts it in force."""

    digest: pulumi.Output[str]
    pointer: pulumi.Resource

    def __init__(
        self,
        name: str,
        settings: Settings,
        bucket: pulumi.Output[str],
        image: pulumi.Output[str],
        address: pulumi.Output[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("pulumi-mlops:infra:Rollout", name, None, opts)
        packed = pulumi.Output.all(bucket, image, address).apply(
            lambda known: bundle.archive(bundle.render(settings, bundle.Place(*known)))
        )
        self.digest = packed.apply(bundle.digest)
        stored = aws.s3.BucketObjectv2(
            f"{name}-bundle",
            bucket=bucket,
            key=self.digest.apply(bundle.key),
            content_base64=packed.apply(lambda content: base64.b64encode(content).decode()),
            content_type="application/gzip",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.pointer = aws.s3.BucketObjectv2(
            f"{name}-bundle-pointer",
            bucket=bucket,
            key=bundle.POINTER_KEY,
            content=self.digest,
            content_type="text/plain",
            opts=pulumi.ResourceOptions(parent=self, depends_on=[stored]),
        )
        self.register_outputs({"digest": self.digest})
