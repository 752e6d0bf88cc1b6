"""What stands behind EC2's instances and volumes on stack `local`."""

# one signature for all types: not each of them needs every argument

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from infra.local import machine


class Machine(Protocol):
    """Hosts and data disks, as `infra.local.machine` keeps them."""

    def power_on(self, instance_id: str, user_data: str) -> None:
        """Boot the host of an instance."""

    def terminate(self, instance_id: str) -> None:
        """End the host of an instance."""

    def create_disk(self, name: str) -> None:
        """Make a volume's disk."""

    def destroy_disk(self, name: str) -> None:
        """Remove a volume's disk."""

    def attach_disk(self, instance_id: str, name: str) -> None:
        """Let a host see a disk."""

    def detach_disk(self, instance_id: str) -> None:
        """Take its disk from a host."""


class NoMachine:
    """EC2 alone: its instances run nothing."""

    def power_on(self, instance_id: str, user_data: str) -> None:
        """Do nothing."""

    def terminate(self, instance_id: str) -> None:
        """Do nothing."""

    def create_disk(self, name: str) -> None:
        """Do nothing."""

    def destroy_disk(self, name: str) -> None:
        """Do nothing."""

    def attach_disk(self, instance_id: str, name: str) -> None:
        """Do nothing."""

    def detach_disk(self, instance_id: str) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class LocalMachine:
    """The hosts and disks of this checkout."""

    local_dir: Path

    def power_on(self, instance_id: str, user_data: str) -> None:
        """Boot the host of an instance."""
        machine.power_on(self.local_dir, instance_id, user_data)

    def terminate(self, instance_id: str) -> None:
        """End the host of an instance."""
        machine.terminate(self.local_dir, instance_id)

    def create_disk(self, name: str) -> None:
        """Make a volume's disk."""
        machine.create_disk(self.local_dir, name)

    def destroy_disk(self, name: str) -> None:
        """Remove a volume's disk."""
        machine.destroy_disk(self.local_dir, name)

    def attach_disk(self, instance_id: str, name: str) -> None:
        """Let a host see a disk."""
        machine.attach_disk(self.local_dir, instance_id, name)

    def detach_disk(self, instance_id: str) -> None:
        """Take its disk from a host."""
        machine.detach_disk(self.local_dir, instance_id)
