"""The real engine on the embedded provider, for a stack whose host nobody boots.

A rehearsal has a copy of the checkout, a state and a PULUMI_HOME of its own: a real `pulumi up`
never meets its provider, and its provider never meets a real AWS.
"""

import contextlib
import datetime as dt
import hashlib
import http.server
import importlib.metadata
import json
import os
import shlex
import ssl
import subprocess
import threading

import boto3
import yaml
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from benchmarks.scratch import copy_checkout, free_ports
from infra import bundle, status
from infra.local import engine, files

PROJECT = "pulumi-mlops"
REGION = "eu-west-3"
AMI = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
TICK_S = 0.2


def client(service, endpoint):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


class Rehearsal:
    """One stack of the program, against one emulator.

    Parameters
    ----------
    home
        An empty folder.
    stack
        Name of the stack, which is also its profile.
    endpoint
        Where the emulator is.
    """

    def __init__(self, home, stack, endpoint):
        self.checkout, self.stack, self.endpoint = home, stack, endpoint
        copy_checkout(home)
        self.local = home / ".local"
        (self.port,) = free_ports(1)
        self._install_engine()
        certificate = {"certificateArn": self._certificate()} if stack == "hardened" else {}
        self.configure(
            owner="rehearsal",
            region=REGION,
            allowedCidr="203.0.113.7/32",
            profile=stack,
            runtime="compose",
            protectData=False,
            awsEndpoint=endpoint,
            amiParameter=AMI,
            hostAddress="127.0.0.1",
            ports={"proxy": self.port},
            readyTimeoutSeconds=60,
            **certificate,
        )

    def _install_engine(self):
        for folder in ("bin", "state", "pulumi-home/plugins"):
            (self.local / folder).mkdir(parents=True)
        found = engine.find_engine(self.local, lambda _: None)
        engine.link_engine(found, self.local / "bin", self.checkout)
        engine.write_environment(self.local)
        python = self.checkout / ".venv" / "bin" / "python"
        for package, module in engine.PROVIDERS.items():
            version = importlib.metadata.version(f"pulumi-{package}")
            plugin = self.local / "pulumi-home" / "plugins" / f"resource-{package}-v{version}"
            plugin.mkdir()
            # Without the folder of a stack `local` there is no machine behind its instances.
            files.write_script(
                plugin / f"pulumi-resource-{package}",
                {"PYTHONPATH": self.checkout},
                [python, "-P", "-m", "infra.local.orphans", module],
            )

    def _certificate(self):
        """Return the ARN of a certificate that the emulator knows."""
        acm = client("acm", self.endpoint)
        return acm.request_certificate(DomainName="ml.example.com")["CertificateArn"]

    def configure(self, **values):
        """Set values of the stack's configuration, and keep the others."""
        path = self.checkout / f"Pulumi.{self.stack}.yaml"
        document = getattr(self, "_document", {"config": {}})
        document["config"] |= {f"{PROJECT}:{key}": value for key, value in values.items()}
        # The engine adds its salt to the file.
        salt = yaml.safe_load(path.read_text()) if path.exists() else {}
        kept = {k: v for k, v in (salt or {}).items() if k == "encryptionsalt"}
        path.write_text(yaml.safe_dump({**document, **kept}))
        self._document = document

    def pulumi(self, *arguments, timeout_s=600):
        """Run a literal pulumi command on this stack, which must succeed, and return its output."""
        line = f"source .local/env && pulumi {shlex.join(arguments)} --stack {self.stack}"
        env = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "AWS_"))}
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=self.checkout,
            env={**env, "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert done.returncode == 0, f"pulumi {arguments}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def resources(self):
        """Return what the engine knows of: type and id."""
        exported = json.loads(self.pulumi("stack", "export"))
        return [(r["type"], r.get("id")) for r in exported["deployment"].get("resources", ())]


class StandIn:
    """What a host does in the eyes of `pulumi up`, and nothing else.

    It follows the bundle's pointer, verifies the bundle, reports to the bucket and answers
    `/predict` over TLS with a certificate of its own.
    """

    def __init__(self, home, endpoint, port):
        self._s3 = client("s3", endpoint)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), _Predict)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(_certificate(home))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._server.serve_forever),
            threading.Thread(target=self._follow),
        ]
        self.taken = []

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join()

    def _follow(self):
        while not self._ended.wait(TICK_S):
            for held in self._s3.list_buckets()["Buckets"]:
                # The bucket may be on its way in or out.
                with contextlib.suppress(ClientError):
                    self._take_up(held["Name"])

    def _take_up(self, bucket):
        digest = self._get(bucket, bundle.POINTER_KEY).decode()
        if digest in self.taken[-1:]:
            return
        assert hashlib.sha256(self._get(bucket, bundle.key(digest))).hexdigest() == digest
        report = status.HostStatus(bundle=digest)
        self._s3.put_object(Bucket=bucket, Key=status.STATUS_KEY, Body=report.text().encode())
        self.taken.append(digest)

    def _get(self, bucket, key):
        return self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def _certificate(home):
    """Write a key and a certificate for this machine, and return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    path = home / "edge.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, plain)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


class _Predict(http.server.BaseHTTPRequestHandler):
    """Answers every question with one price."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        good = self.path == "/predict" and "features" in json.loads(body)
        answer = json.dumps({"predictions": [4.5]}).encode()
        self.send_response(200 if good else 404)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        """Write nothing."""
