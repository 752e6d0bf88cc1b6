"""Holds `pulumi up` until a real prediction has answered, or says why none does."""

from typing import Any

import pulumi
from pulumi import dynamic

from infra import host_log, status
from infra.probe import Answer, Trust, ask, await_prediction


def read_report(client: Any, bucket: str) -> status.HostStatus | None:  # noqa: ANN401
    """Read the host's report out of the bucket; None while there is none."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # see `_Aws`

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


class _Aws:
    """The host as AWS and its own address show it."""

    def __init__(self, props: dict[str, Any]) -> None:
        # Imported here: a program that only declares this, and an update that finds it unchanged,
        # would load a third of a second of AWS client for nothing.
        import boto3  # noqa: PLC0415

        # The engine drops what is None: for the real AWS there is no such property.
        self._endpoint = props.get("aws_endpoint")
        # The embedded AWS takes any keys; the real one takes the deployer's own.
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        self._props = props
        self._session = boto3.Session(
            region_name=props["region"], **(keys if self._endpoint else {})
        )
        self._bucket = self._client("s3")
        self.authority = ""

    def _client(self, service: str) -> Any:  # noqa: ANN401
        return self._session.client(service, endpoint_url=self._endpoint)

    def report(self) -> status.HostStatus | None:
        """Read the host's report in the bucket."""
        found = read_report(self._bucket, self._props["bucket"])
        if found is not None and self._props["edge_signs"]:
            self.authority = found.authority
        return found

    def predict(self) -> Answer:
        """Ask as a client of the service would."""
        trust = Trust(self._props["verified"], self.authority)
        return ask(self._props["predict_url"], trust, self._props["key"])

    def lost(self) -> str:
        """See whether the instance is there; the machine of stack `local` is its engine's care."""
        if self._endpoint:
            return ""
        sight = host_log.look(self._client("ec2"), self._props["instance_id"])
        return "the host is gone" if host_log.lost(sight) else ""

    def diagnose(self, *, reported: bool) -> list[str]:
        """Ask AWS for the host's state and log; `make logs` has those of stack `local`."""
        if self._endpoint:
            return []
        ec2, ssm = self._client("ec2"), self._client("ssm")
        return host_log.diagnose(ec2, ssm, self._props["instance_id"], reported=reported)


def _wait(props: dict[str, Any]) -> dict[str, Any]:
    host = _Aws(props)
    await_prediction(props["bundle"], float(props["timeout_s"]), host)
    kept = {name: value for name, value in props.items() if name != "key"}
    return {**kept, "authority": host.authority}


class Readiness(dynamic.Resource):
    """Is created once `/predict` has answered on this host with this bundle.

    Attributes
    ----------
    authority
        The certificate of the authority that signs for the edge, when it is the edge's own.
    """

    authority: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        props: dict[str, pulumi.Input[Any]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(_Waiter(), name, {**props, "authority": None}, opts)
