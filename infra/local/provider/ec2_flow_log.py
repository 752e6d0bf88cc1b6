"""Flow logs: who talked to whom in a VPC."""

# ruff: noqa: ARG002  # one signature for all types: not each of them needs every argument

from collections.abc import Iterator
from typing import Any, ClassVar

from infra.local.provider import ec2, validators
from infra.local.provider.cloud import Cloud, Refused
from infra.local.provider.naming import tag_map
from infra.local.provider.properties import Fault, Inputs, Property
from infra.local.provider.values import Props

WATCHED = {"vpcId": "VPC", "subnetId": "Subnet", "eniId": "NetworkInterface"}
"""The inputs that name what is watched, with EC2's words for each."""

PREFIXES = {"vpc-": "vpcId", "subnet-": "subnetId", "eni-": "eniId"}
"""The same inputs by how their ids begin: EC2 tells nothing else of what it watches."""

WORDS = {
    "trafficType": "TrafficType",
    "logDestinationType": "LogDestinationType",
    "logDestination": "LogDestination",
    "iamRoleArn": "DeliverLogsPermissionArn",
    "logFormat": "LogFormat",
    "maxAggregationInterval": "MaxAggregationInterval",
}


class FlowLog(ec2.Ec2Type):
    """A flow log; EC2 changes none, so that every other value is another one."""

    type_name = "aws:ec2/flowLog:FlowLog"
    inputs: ClassVar[Inputs] = {
        **{name: Property(replaces=True) for name in WATCHED},
        "trafficType": Property(
            required=True, replaces=True, check=validators.one_of("ACCEPT", "REJECT", "ALL")
        ),
        "logDestinationType": Property(
            replaces=True,
            default="cloud-watch-logs",
            check=validators.one_of("cloud-watch-logs", "s3", "kinesis-data-firehose"),
        ),
        "logDestination": Property(required=True, replaces=True, check=validators.arn),
        "iamRoleArn": Property(replaces=True, check=validators.arn),
        "logFormat": Property(computed=True, replaces=True),
        "maxAggregationInterval": Property(
            int,
            replaces=True,
            default=600,
            check=lambda s: None if s in {60, 600} else f"{s}: must be 60 or 600",
        ),
    }
    outputs = ("arn",)
    forgotten = frozenset({"iamRoleArn", "logFormat", "maxAggregationInterval"})

    def faults(self, given: Props) -> Iterator[Fault]:
        """Judge the one thing that is watched, and the role that CloudWatch needs."""
        if len(WATCHED.keys() & given.keys()) != 1:
            yield Fault("vpcId", f"give exactly one of {', '.join(WATCHED)}")
        if given["logDestinationType"] == "cloud-watch-logs" and "iamRoleArn" not in given:
            yield Fault("iamRoleArn", "is required for logDestinationType cloud-watch-logs")

    def create(self, cloud: Cloud, given: Props) -> str:
        """Make it once its role can be seen.

        Raises
        ------
        Refused
            EC2 answered well, and says in the answer why it made none.
        """
        (watched,) = WATCHED.keys() & given.keys()
        asked = {word: given[name] for name, word in WORDS.items() if name in given}
        client = cloud.client("ec2")
        made = cloud.insist(
            lambda: client.create_flow_logs(
                ResourceIds=[given[watched]],
                ResourceType=WATCHED[watched],
                **asked,
                **ec2.tagged("vpc-flow-log", given["tagsAll"]),
            ),
            "Unable to assume given IAM role",
        )
        for failure in made.get("Unsuccessful", ()):
            told: dict[str, Any] = failure.get("Error", {})
            message = f"CreateFlowLogs: {told.get('Code')}: {told.get('Message')}"
            raise Refused(message)
        return str(made["FlowLogIds"][0])

    def settle(self, cloud: Cloud, resource_id: str, given: Props) -> None:
        """Tag it again: not every emulator takes the tags along with the making."""
        ec2.retag(cloud, resource_id, {}, given["tagsAll"])

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read it."""
        client = cloud.client("ec2")
        found = ec2.one(lambda: client.describe_flow_logs(FlowLogIds=[resource_id])["FlowLogs"])
        if found is None:
            return None
        watched = next(n for p, n in PREFIXES.items() if found["ResourceId"].startswith(p))
        told = {name: found[word] for name, word in WORDS.items() if found.get(word)}
        region, owner = cloud.settings.region, ec2.account(cloud)
        if group := found.get("LogGroupName"):
            told.setdefault("logDestination", f"arn:aws:logs:{region}:{owner}:log-group:{group}")
        return {
            "id": resource_id,
            watched: found["ResourceId"],
            **told,
            "arn": ec2.arn(cloud, owner, "vpc-flow-log", resource_id),
            "tagsAll": tag_map(found.get("Tags")),
        }

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Remove it; what it has written stays."""
        cloud.client("ec2").delete_flow_logs(FlowLogIds=[resource_id])
