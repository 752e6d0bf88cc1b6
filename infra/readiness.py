"""Holds `pulumi up` until a real prediction has answered, or says why none does."""

from typing import Any

import pulumi
from pulumi import dynamic

from infra import status
from infra.probe import ask, await_prediction


def read_report(client: Any, bucket: str) -> status.HostStatus | None:  # noqa: ANN401
    """Read the host's report out of the bucket; None while there is none."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # see `_wait`

    try:
        stored = client.get_object(Bucket=bucket, Key=status.STATUS_KEY)
        return status.parse(stored["Body"].read().decode())
    except (BotoCoreError, ClientError, ValueError):
        return None


class _Waiter(dynamic.ResourceProvider):
    """Waits on creation, and again whenever what it waited for has changed."""

    serialize_as_secret_always = False

    def create(self, props: Any) -> dynamic.CreateResult:  # noqa: ANN401
        """Wait for the first prediction."""
        return dynamic.CreateResult("ready", _wait(props))

    def update(self, _id: str, _olds: Any, news: Any) -> dynamic.UpdateResult:  # noqa: ANN401
        """Wait for a prediction of the changed host."""
        return dynamic.UpdateResult(_wait(news))


def _wait(props: dict[str, Any]) -> dict[str, Any]:
    # Imported here: a program that only declares this, and an update that finds it unchanged, would
    # load a third of a second of AWS client for nothing.
    import boto3  # noqa: PLC0415

    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client = boto3.client(
        "s3",
        region_name=props["region"],
        endpoint_url=props["aws_endpoint"],
        # The embedded AWS takes any keys; the real one takes the deployer's own.
        **(keys if props["aws_endpoint"] else {}),
    )
    await_prediction(
        props["bundle"],
        float(props["timeout_s"]),
        lambda: read_report(client, props["bucket"]),
        lambda: ask(props["predict_url"]),
    )
    return props


class Readiness(dynamic.Resource):
    """Is created once `/predict` has answered on this host with this bundle."""

    def __init__(
        self,
        name: str,
        props: dict[str, pulumi.Input[Any]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(_Waiter(), name, props, opts)
