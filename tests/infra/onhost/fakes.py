"""A host for its agent: a bucket, parameters and a Docker that exist in memory only."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

from infra.onhost.agent import Agent, Places
from infra.onhost.command import Failure
from infra.status import parse

ENV = {
    "BUCKET": "bucket-1",
    "BUNDLE_POINTER": "bundles/current",
    "STATUS": "host/status.json",
    "SECRETS_PREFIX": "/shop/dev/",
}
BUCKET = "s3://bucket-1/"
READY_URL = "https://127.0.0.1:443/readyz"


def pack(files):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


def bundle(mark, services=None, **more):
    """Return the files of a bundle; a different mark makes a different one."""
    usual = {"api": {"user": 1, "data": False, "secrets": [], "runs": "always"}}
    layout = {"ready": READY_URL, "services": usual if services is None else services}
    return {"compose.yaml": f"# {mark}", "layout.json": json.dumps(layout), **more}


class FakeHost:
    """Answers the agent's commands.

    `broken` has, for the mark of a bundle, the word of the command that fails with it: pull, up,
    run or ready.
    """

    def __init__(self, root):
        self.places = Places(Path(root))
        self.objects = {}
        self.parameters = {}
        self.broken = {}
        self.images = set()
        self.running = ""
        self.states = {}
        self.commands = []
        self.waited_s = 0.0
        self.is_offline = False
        self.said_with_failure = ["out of memory"]

    def agent(self):
        return Agent(ENV, self.places, self.run, self.ready, self.sleep)

    def publish(self, files):
        """Put a bundle in force, as the program does, and return its digest."""
        packed = pack(files)
        digest = hashlib.sha256(packed).hexdigest()
        self.objects[f"bundles/{digest}.tar.gz"] = packed
        self.objects["bundles/current"] = digest.encode()
        return digest

    def report(self):
        """Return what the bucket knows of the host, read as the program reads it."""
        return parse(self.objects["host/status.json"].decode())

    def in_force(self):
        return self.places.current.resolve().name

    def count(self, *words):
        return sum(set(words) <= set(command) for command in self.commands)

    def sleep(self, seconds):
        self.waited_s += seconds

    def ready(self, url):
        assert url == READY_URL
        return "/readyz answered 503" if self.broken.get(self.running) == "ready" else ""

    def run(self, command, timeout_s):
        assert timeout_s > 0
        self.commands.append(command)
        if command[0] == "aws":
            return self._aws(command[1:])
        if command[:3] == ["docker", "compose", "--file"]:
            return self._compose(Path(command[3]), command[4:])
        assert command == ["docker", "image", "prune", "--all", "--force"]
        self.images = {self.running}
        return ""

    def _aws(self, words):
        if self.is_offline:
            reason = "`aws` ended with exit status 255"
            raise Failure(reason, ["Could not connect"])
        if words[:2] == ["ssm", "get-parameter"]:
            return self.parameters[words[words.index("--name") + 1]] + "\n"
        source, target = words[2:]
        if target == "-":
            return self._object(source).decode()
        if source.startswith(BUCKET):
            Path(target).write_bytes(self._object(source))
        else:
            self.objects[target.removeprefix(BUCKET)] = Path(source).read_bytes()
        return ""

    def _object(self, url):
        key = url.removeprefix(BUCKET)
        if key not in self.objects:
            reason = "`aws s3 cp` ended with exit status 1"
            raise Failure(reason, ["Not Found"])
        return self.objects[key]

    def _compose(self, file, words):
        mark = file.read_text().removeprefix("# ")
        step = next(w for w in words if w in {"pull", "up", "run", "ps", "logs"})
        if step == "ps":
            entries = [{"Service": s, "State": state} for s, state in self.states.items()]
            return "\n".join(json.dumps(entry) for entry in entries)
        if step == "logs":
            return "api | it does not start\n"
        if step == "pull" and self.is_offline:
            reason = "`docker compose pull` ended with exit status 1"
            raise Failure(reason, ["no such host"])
        if step == "pull":
            self.images.add(mark)
        elif step == "up":
            assert mark in self.images or not self.is_offline
            self.running = mark
            self.states = {"api": "exited" if self.broken.get(mark) == "up" else "running"}
        if self.broken.get(mark) == step:
            reason = f"`docker compose {step}` ended with exit status 1"
            raise Failure(reason, self.said_with_failure)
        return ""
