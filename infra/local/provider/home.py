"""What stands behind the provider on stack `local`: the server, the machines, the ledger."""

import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path

from infra.local import aws, machine
from infra.local.provider.ledger import Ledger
from infra.local.provider.machine import LocalMachine, Machine


@dataclass
class Home:
    """The `.local` folder of a checkout."""

    local_dir: Path
    machine: Machine
    ledger: Ledger
    _ports: set[int] = field(default_factory=set)
    _resting: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def at(cls, local_dir: Path) -> "Home":
        """Return the home in a folder."""
        return cls(local_dir, LocalMachine(local_dir), Ledger(local_dir))

    def wake(self, ports: set[int]) -> None:
        """Start the embedded AWS unless it runs."""
        self._ports = ports
        for port in sorted(ports):
            aws.ensure_running(self.local_dir, port)
        # After `make down` or a reboot the hosts are off: an engine that finds nothing changed
        # would leave them so.
        for existing in machine.machines(self.local_dir):
            machine.start(existing)

    def wake_again(self) -> None:
        """Start what `rest` has stopped: the only resource may have been replaced."""
        with self._lock:
            if self._resting:
                self.wake(self._ports)
                self._resting = False

    def rest(self) -> None:
        """Stop the embedded AWS, which holds nothing of anybody's, and remove what was its.

        A disk or a host that the emulator had forgotten would otherwise outlive the stack.
        """
        with self._lock:
            for existing in machine.machines(self.local_dir):
                machine.terminate(self.local_dir, existing.instance_id)
            shutil.rmtree(self.local_dir / "volumes", ignore_errors=True)
            aws.stop(self.local_dir)
            shutil.rmtree(self.local_dir / "aws", ignore_errors=True)
            self._resting = True
