"""EC2's metadata service, version 2, for one instance of the embedded AWS.

As an instance with `http_tokens=required` has it: without a token every request is refused.
"""

import datetime as dt
import json
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3

FOUND, REFUSED, MISSING, BAD = 200, 401, 404, 400
KINDS = "dynamic\nmeta-data\nuser-data"
FORMAT = "%Y-%m-%dT%H:%M:%SZ"


class Metadata:
    """What the service tells, taken from the emulator."""

    def __init__(self, endpoint: str, region: str, instance_id: str, user_data: str) -> None:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        self._clients = {
            name: boto3.client(name, endpoint_url=endpoint, region_name=region, **keys)
            for name in ("ec2", "iam", "sts")
        }
        self._instance_id = instance_id
        self.user_data = user_data
        self.refused = 0
        self.tokens: set[str] = set()

    def paths(self) -> dict[str, str]:
        """Return every value by its path; one that is empty is not listed, as on EC2."""
        reservation = self._clients["ec2"].describe_instances(InstanceIds=[self._instance_id])
        found = reservation["Reservations"][0]["Instances"][0]
        zone, address = found["Placement"]["AvailabilityZone"], found["PrivateIpAddress"]
        mac = "52:54:00:12:34:56"
        card = f"network/interfaces/macs/{mac}/"
        values = {
            "ami-id": found["ImageId"],
            "hostname": f"ip-{address.replace('.', '-')}",
            "local-hostname": f"ip-{address.replace('.', '-')}",
            "instance-id": found["InstanceId"],
            "instance-type": found["InstanceType"],
            "local-ipv4": address,
            "mac": mac,
            "placement/availability-zone": zone,
            "placement/region": zone[:-1],
            "services/domain": "amazonaws.com",
            "services/partition": "aws",
            card + "device-number": "0",
            card + "mac": mac,
            card + "local-ipv4s": address,
            card + "interface-id": "eni-0",
        }
        role = self._role(found)
        if role:
            values["iam/security-credentials/" + role["RoleName"]] = self._credentials(role)
        return values

    def _role(self, instance: dict[str, Any]) -> dict[str, Any] | None:
        profile = instance.get("IamInstanceProfile")
        if not profile:
            return None
        name = profile["Arn"].split("/")[-1]
        told = self._clients["iam"].get_instance_profile(InstanceProfileName=name)
        role: dict[str, Any] = told["InstanceProfile"]["Roles"][0]
        return role

    def _credentials(self, role: dict[str, Any]) -> str:
        made = self._clients["sts"].assume_role(
            RoleArn=role["Arn"], RoleSessionName=self._instance_id
        )["Credentials"]
        now = dt.datetime.now(dt.UTC)
        return json.dumps(
            {
                "Code": "Success",
                "Type": "AWS-HMAC",
                "LastUpdated": now.strftime(FORMAT),
                "AccessKeyId": made["AccessKeyId"],
                "SecretAccessKey": made["SecretAccessKey"],
                "Token": made["SessionToken"],
                "Expiration": (now + dt.timedelta(hours=6)).strftime(FORMAT),
            }
        )

    def answer(self, path: str) -> tuple[int, str]:
        """Return status and body of a GET request."""
        _version, _, rest = path.partition("?")[0].strip("/").partition("/")
        kind, _, name = rest.partition("/")
        if not kind:
            return FOUND, KINDS
        if kind == "user-data":
            return FOUND, self.user_data
        if kind == "dynamic":
            return self._listing({"instance-identity/document": self._document()}, name)
        return self._listing(self.paths(), name) if kind == "meta-data" else (MISSING, "")

    def _document(self) -> str:
        values = self.paths()
        return json.dumps(
            {
                "accountId": self._clients["sts"].get_caller_identity()["Account"],
                "region": values["placement/region"],
                "availabilityZone": values["placement/availability-zone"],
                "instanceId": self._instance_id,
                "instanceType": values["instance-type"],
                "imageId": values["ami-id"],
                "privateIp": values["local-ipv4"],
                "architecture": "x86_64",
                "version": "2017-09-30",
                "pendingTime": "2026-01-01T00:00:00Z",
            }
        )

    def _listing(self, values: dict[str, str], name: str) -> tuple[int, str]:
        if name in values:
            return FOUND, values[name]
        folder = f"{name.rstrip('/')}/" if name else ""
        below = sorted(
            {
                head + slash
                for path in values
                if path.startswith(folder)
                for head, slash, _ in [path[len(folder) :].partition("/")]
            }
        )
        return (FOUND, "\n".join(below)) if below else (MISSING, "")


def serve(metadata: Metadata, port: int) -> ThreadingHTTPServer:
    """Serve on loopback from a thread."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

        def _out(self, status: int, body: str = "", seconds: str = "") -> None:
            content = body.encode()
            self.send_response(status)
            if seconds:
                # Without it some clients take the token for refused, and go on without one.
                self.send_header("X-aws-ec2-metadata-token-ttl-seconds", seconds)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_PUT(self) -> None:  # the library's name
            seconds = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds")
            if not seconds:
                self._out(BAD)
                return
            token = secrets.token_urlsafe(30)
            metadata.tokens.add(token)
            self._out(FOUND, token, seconds)

        def do_GET(self) -> None:  # the library's name
            if self.headers.get("X-aws-ec2-metadata-token") not in metadata.tokens:
                metadata.refused += 1
                self._out(REFUSED)
                return
            self._out(*metadata.answer(self.path))

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
