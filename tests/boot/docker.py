"""A Docker daemon and a registry of this test's own, and the images that it pushes there."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from infra.service import STACK_IMAGE
from infra.services import services_of

BASE_IMAGE = "python:3.13-slim-trixie"
HERE = Path(__file__).parent
MACHINE_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
BUILD_TIMEOUT_S = 900
REGISTRY = """\
version: 0.1
storage:
  filesystem:
    rootdirectory: {folder}
http:
  addr: 127.0.0.1:{port}
"""


class Docker:
    """The daemon; its images stay in the cache, or each run would build for minutes."""

    def __init__(self, cache: Path, folder: Path) -> None:
        self._cache = cache
        self._folder = folder
        self.host = f"unix://{folder / 'docker.sock'}"
        self.env = {**os.environ, "DOCKER_HOST": self.host, "DOCKER_BUILDKIT": "0"}

    def start(self) -> list[subprocess.Popen[bytes]]:
        """Start it, without any network of its own."""
        command = ["dockerd", "-H", self.host, "--data-root", str(self._cache / "docker")]
        command += ["--exec-root", str(self._folder / "exec")]
        command += ["--pidfile", str(self._folder / "docker.pid")]
        command += ["--bridge=none", "--iptables=false", "--ip6tables=false"]
        with (self._folder / "dockerd.log").open("wb") as log:
            daemon = subprocess.Popen(command, stdout=log, stderr=log)
        for _ in range(120):
            if self.run("version", check=False).returncode == 0:
                return [daemon]
            if daemon.poll() is not None:
                break
            time.sleep(0.5)
        message = "dockerd did not start:\n" + (self._folder / "dockerd.log").read_text()[-2000:]
        raise RuntimeError(message)

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a docker command."""
        done = subprocess.run(
            ["docker", *arguments],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=BUILD_TIMEOUT_S,
            check=False,
        )
        if check and done.returncode:
            message = f"`docker {' '.join(arguments)}` failed:\n{done.stdout}{done.stderr}"
            raise RuntimeError(message)
        return done

    def stand_ins(self, root: Path, authority: Path, caddy: Path) -> None:
        """Make the images that can't be pulled: one image under many names.

        Parameters
        ----------
        root
            Root file system with the services' programs.
        authority
            Certificate of the authority that signs for the AWS of this test.
        caddy
            The edge's program.
        """
        base = f"boot-{root.name}"
        if self.run("image", "inspect", base, check=False).returncode:
            self._import(root, base)
        context = self._folder / "standin"
        shutil.copytree(HERE / "standin", context)
        shutil.copy2(caddy, context / "caddy")
        shutil.copy2(authority, context / "authority.crt")
        # pip reaches its mirror the way that this machine does.
        shutil.copy2(MACHINE_AUTHORITIES, context / "machine.crt")
        own = ("--build-arg", f"BASE={base}", "--tag", "boot-standin")
        self.run("build", "--quiet", "--network", "none", *own, str(context))
        for name in (BASE_IMAGE, *pulled()):
            self.run("tag", "boot-standin", name)

    def _import(self, root: Path, name: str) -> None:
        with subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE) as tar:
            subprocess.run(
                ["docker", "import", "-", name],
                env=self.env,
                stdin=tar.stdout,
                stdout=subprocess.DEVNULL,
                check=True,
            )


def pulled() -> list[str]:
    """Return the images of the compose file that come from elsewhere."""
    return sorted({s.image for s in services_of("compose") if s.image != STACK_IMAGE})


def start_registry(cache: Path, folder: Path, port: int) -> subprocess.Popen[bytes]:
    """Start a registry that plays ECR and the public one."""
    config = folder / "registry.yml"
    config.write_text(REGISTRY.format(folder=cache / "registry", port=port))
    with (folder / "registry.log").open("wb") as log:
        return subprocess.Popen(["docker-registry", "serve", str(config)], stdout=log, stderr=log)
