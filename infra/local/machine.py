"""The machine that plays an EC2 instance: a folder, and a supervisor with the services in it.

Powering it on is what booting is on AWS: an agent starts, fetches the bundle that the user data
points to, and brings up its services.
"""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from infra.cloud_init import read_host_env
from infra.errors import UserError
from infra.local import files, processes, supervision

START_TIMEOUT_S = 20.0
CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Machine:
    """The places of one machine."""

    home: Path

    @property
    def instance_id(self) -> str:
        """Return the EC2 instance that this machine plays."""
        return self.home.name

    @property
    def user_data(self) -> Path:
        """Return the file with the instance's user data."""
        return self.home / "user-data.yaml"

    @property
    def disk(self) -> Path:
        """Return where the data volume appears once it is attached."""
        return self.home / "data"

    @property
    def bundles(self) -> Path:
        """Return the folder with one folder a fetched bundle."""
        return self.home / "bundle"

    @property
    def log(self) -> Path:
        """Return the folder with one log a service."""
        return self.home / "log"

    @property
    def secrets(self) -> Path:
        """Return the folder with one file a secret, for the owner's eyes only."""
        return self.home / "secrets"

    @property
    def authority(self) -> Path:
        """Return the certificate of the edge's own authority, as Caddy keeps it."""
        return self.disk / "proxy/caddy/pki/authorities/local/root.crt"

    @property
    def status(self) -> Path:
        """Return the machine's copy of what it last reported."""
        return self.home / "status.json"

    def is_on(self) -> bool:
        """Tell whether the machine's supervisor answers."""
        return supervision.answers(self.home)


def machines(local_dir: Path) -> list[Machine]:
    """Return this checkout's machines."""
    return [Machine(path.parent) for path in sorted(local_dir.glob("hosts/*/user-data.yaml"))]


def power_on(local_dir: Path, instance_id: str, user_data: str) -> None:
    """Start a machine; one that is on stays as it is.

    Parameters
    ----------
    local_dir
        The `.local` folder of the checkout.
    instance_id
        The EC2 instance that the machine plays.
    user_data
        The instance's user data; it names the bucket with the bundle.

    Raises
    ------
    UserError
        The user data is not this program's, or the supervisor does not start.
    """
    try:
        read_host_env(user_data)
    except ValueError as error:
        raise UserError(str(error)) from error
    machine = Machine(local_dir / "hosts" / instance_id)
    for folder in (machine.home, machine.bundles, machine.log):
        folder.mkdir(parents=True, exist_ok=True)
    machine.secrets.mkdir(mode=0o700, exist_ok=True)
    files.write(machine.user_data, user_data, 0o600)
    start(machine)


def start(machine: Machine) -> None:
    """Start a machine from what its folder holds.

    Raises
    ------
    UserError
        The supervisor does not start.
    """
    if machine.is_on():
        return
    # A supervisor that was killed leaves its services behind, on their ports.
    processes.end(list(processes.owned(machine.home)))
    configuration = supervision.configure(machine.home, _agent_command(machine))
    done = subprocess.run(
        [sys.executable, "-m", "supervisor.supervisord", "-c", str(configuration)],
        cwd=CHECKOUT,
        env=processes.environment(machine.home, _environment(machine)),
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
    )
    deadline = time.monotonic() + START_TIMEOUT_S
    while done.returncode == 0 and time.monotonic() < deadline:
        if machine.is_on():
            return
        time.sleep(0.05)
    stop(machine)
    message = f"the supervisor of {machine.instance_id} did not start: {done.stdout}{done.stderr}"
    raise UserError(message.strip())


def _environment(machine: Machine) -> dict[str, str]:
    """Return what the machine's processes see: its programs, and its way to AWS."""
    env = read_host_env(machine.user_data.read_text())
    folders = [Path(sys.executable).parent, machine.home.parents[1] / "bin"]
    return {
        "PATH": os.pathsep.join([*map(str, folders), os.environ["PATH"]]),
        "PYTHONPATH": str(CHECKOUT),
        "PYTHONUNBUFFERED": "1",
        "AWS_ENDPOINT_URL": env["AWS_ENDPOINT_URL"],
        "AWS_DEFAULT_REGION": env["AWS_DEFAULT_REGION"],
        # What the instance's role is on AWS: the embedded AWS takes these words for keys.
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


def _agent_command(machine: Machine) -> list[str]:
    return [sys.executable, "-m", "infra.local.agent", str(machine.home)]


def stop(machine: Machine) -> None:
    """Stop a machine; its folder and its disk stay."""
    supervision.shut_down(machine.home)
    processes.end(list(processes.owned(machine.home)))


def terminate(local_dir: Path, instance_id: str) -> None:
    """Stop a machine and remove its folder; the data disk is not part of it."""
    machine = Machine(local_dir / "hosts" / instance_id)
    stop(machine)
    supervision.forget(machine.home)
    if machine.disk.is_symlink():
        machine.disk.unlink()
    shutil.rmtree(machine.home, ignore_errors=True)


def create_disk(local_dir: Path, name: str) -> None:
    """Make a data disk; one that is there already is kept, with its data.

    So a disk outlives the embedded AWS's memory of it.
    """
    (local_dir / "volumes" / name).mkdir(parents=True, exist_ok=True)


def destroy_disk(local_dir: Path, name: str) -> None:
    """Remove a data disk with what is on it."""
    shutil.rmtree(local_dir / "volumes" / name, ignore_errors=True)


def attach_disk(local_dir: Path, instance_id: str, name: str) -> None:
    """Let a data disk appear in a machine; its agent waits for that."""
    disk = Machine(local_dir / "hosts" / instance_id).disk
    disk.unlink(missing_ok=True)
    disk.symlink_to(local_dir / "volumes" / name)


def detach_disk(local_dir: Path, instance_id: str) -> None:
    """Take the data disk out of a machine, whose services stop first: they write to it."""
    machine = Machine(local_dir / "hosts" / instance_id)
    if machine.disk.is_symlink():
        stop(machine)
        machine.disk.unlink(missing_ok=True)
