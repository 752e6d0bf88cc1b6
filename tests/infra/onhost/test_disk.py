"""The data volume: what is on it is never lost."""

import shutil
from pathlib import Path

import pytest

from infra.onhost import command
from infra.onhost.command import Failure
from infra.onhost.disk import ATTACHED_TIMEOUT_S, Disk

SIZE = 8 * 2**20
TOOLS = ("mkfs.ext4", "mkswap", "wipefs")


class Shell:
    """Runs what looks at a device or formats it; mounts on paper only."""

    def __init__(self):
        self.mounted = []
        self.formatted = []

    def __call__(self, words, timeout_s):
        if words[0] == "mount":
            self.mounted.append(words[1:])
            return ""
        if words[0].startswith("mkfs"):
            self.formatted.append(words[-1])
        return command.run(words, timeout_s)


class Machine:
    """A folder of devices, and a clock that runs as fast as it is asked."""

    def __init__(self, root):
        self.root = root
        self.shell = Shell()
        self.waited_s = 0.0
        self.appears_after_s = float("inf")
        (root / "dev/disk/by-id").mkdir(parents=True)

    @property
    def device(self):
        return self.root / "dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123"

    def attach(self, content=b""):
        self.device.write_bytes(content.ljust(SIZE, b"\0"))

    def sleep(self, seconds):
        self.waited_s += seconds
        if self.waited_s == self.appears_after_s:
            self.attach()

    def disk(self, mounted_at=None):
        place = mounted_at or self.root / "data"
        return Disk("vol-0123", place, self.root / "dev", self.shell, self.sleep)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Return a machine whose tools of the file system are real."""
    monkeypatch.setenv("PATH", "/usr/sbin:/sbin", prepend=":")
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        pytest.skip(f"not on this machine: {', '.join(missing)} (packages e2fsprogs, util-linux)")
    return Machine(tmp_path)


def partitioned():
    """Return a device's beginning with one Linux partition in a table of PCs."""
    entry = bytes([0, 1, 1, 0, 0x83, 1, 1, 0]) + (2048).to_bytes(4, "little") * 2
    return b"\0" * 446 + entry + b"\0" * 48 + b"\x55\xaa"


def test_an_empty_volume_is_formatted_once(machine):
    """The second start finds the label and what was written since."""
    machine.attach()
    machine.disk().mount()
    content = machine.device.read_bytes()
    machine.disk().mount()
    assert machine.shell.formatted == [str(machine.device)]
    assert machine.device.read_bytes() == content
    wanted = ["-o", "noatime", str(machine.device), str(machine.root / "data")]
    assert machine.shell.mounted == [wanted, wanted]


@pytest.mark.parametrize(
    "tool", [["mkswap"], ["mkfs.ext4", "-q"], ["mkfs.ext4", "-q", "-L", "other"]]
)
def test_a_volume_of_others_is_left_alone(machine, tool):
    """Swap, a file system without a label, one with another: each is somebody's."""
    machine.attach()
    command.run([*tool, str(machine.device)], 60)
    content = machine.device.read_bytes()
    with pytest.raises(Failure, match="holds something else"):
        machine.disk().mount()
    assert machine.device.read_bytes() == content
    assert machine.shell.formatted == machine.shell.mounted == []


def test_a_partitioned_volume_is_left_alone(machine):
    """It has no file system of its own, and is not empty for that."""
    machine.attach(partitioned())
    with pytest.raises(Failure, match=r"holds something else \(dos\)"):
        machine.disk().mount()
    assert machine.device.read_bytes().startswith(partitioned())


def test_a_volume_with_two_signatures_is_left_alone(machine):
    """Whoever can't tell what is on it must not take it for empty, nor for ours."""
    machine.attach()
    machine.disk().mount()
    with machine.device.open("r+b") as device:
        device.seek(4086)
        device.write(b"SWAPSPACE2")
        device.seek(1024)
        device.write((1).to_bytes(4, "little"))
    machine.shell.formatted.clear()
    with pytest.raises(Failure, match="holds something else"):
        machine.disk().mount()
    assert machine.shell.formatted == []


def test_a_volume_that_can_not_be_read_is_left_alone(machine):
    """An error is not emptiness."""

    def run(words, _timeout_s):
        if words[0] != "wipefs":
            pytest.fail(f"{words[0]} after an error")
        reason = "`wipefs` ended with exit status 1"
        raise Failure(reason, ["Input/output error"])

    machine.attach()
    disk = Disk("vol-0123", machine.root / "data", machine.root / "dev", run, machine.sleep)
    with pytest.raises(Failure, match="wipefs"):
        disk.mount()


def test_a_mounted_volume_is_not_touched(machine):
    """The agent may start as often as it likes."""
    machine.disk(Path("/")).mount()
    assert machine.shell.mounted == []


def test_a_volume_that_comes_late_is_waited_for(machine):
    """EC2 attaches it once the instance runs."""
    machine.appears_after_s = 40
    machine.disk().mount()
    assert machine.waited_s == 40
    assert machine.shell.formatted == [str(machine.device)]


def test_a_volume_that_does_not_come_is_named(machine):
    """After the time-out, not before."""
    with pytest.raises(Failure, match="vol-0123 was not attached in time"):
        machine.disk().mount()
    assert machine.waited_s == ATTACHED_TIMEOUT_S
    assert machine.shell.formatted == []


@pytest.mark.parametrize("name", ["xvdf", "sdf"])
def test_an_older_instance_calls_the_device_by_its_letter(machine, name):
    """Types before Nitro have no volume id in a device's name."""
    (machine.root / "dev" / name).write_bytes(bytes(SIZE))
    machine.disk().mount()
    assert machine.shell.mounted[0][2] == str(machine.root / "dev" / name)
