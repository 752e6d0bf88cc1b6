"""The data volume: formatted once, mounted on each start, left alone with anything else on it."""

import time
from collections.abc import Callable
from pathlib import Path

from infra.onhost.command import Failure, Run, run, say

TIMEOUT_S = 120.0
ATTACHED_TIMEOUT_S = 900
LABEL = "mlops-data"
OURS = ["ext4", LABEL]


class Disk:
    """The volume that holds what must outlive the host.

    Parameters
    ----------
    volume
        Its EC2 id, which the device's name carries.
    mounted_at
        Folder that it appears in.
    devices
        The host's `/dev`.
    """

    def __init__(
        self,
        volume: str,
        mounted_at: Path,
        devices: Path = Path("/dev"),
        run: Run = run,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._volume = volume
        self._mounted_at = mounted_at
        self._devices = devices
        self._run = run
        self._sleep = sleep

    def mount(self) -> None:
        """Mount the data volume; a new one is formatted, one with anything on it never is.

        Raises
        ------
        Failure
            There is no volume, or it holds something else.
        """
        self._mounted_at.mkdir(parents=True, exist_ok=True)
        if self._mounted_at.is_mount():
            return
        device = self._await_device()
        held = self._signatures(device)
        if not held:
            say(f"formatting {device}, which is empty")
            self._run(["mkfs.ext4", "-q", "-L", LABEL, device], TIMEOUT_S)
        elif held != OURS:
            message = f"{device} holds something else ({' '.join(held)}): it is left as it is"
            raise Failure(message)
        self._run(["mount", "-o", "noatime", device, str(self._mounted_at)], TIMEOUT_S)

    def _signatures(self, device: str) -> list[str]:
        """Return types and labels of all that is on a device, file systems and partitions alike.

        Not by blkid: it fails in the same way for an empty device and for one with two signatures.
        """
        asked = ["wipefs", "--noheadings", "--output", "TYPE,LABEL", device]
        return self._run(asked, TIMEOUT_S).split()

    def _await_device(self) -> str:
        """Return the data volume's device, which appears when it is attached after the boot."""
        serial = self._volume.replace("-", "")
        names = (f"disk/by-id/nvme-Amazon_Elastic_Block_Store_{serial}", "xvdf", "sdf")
        devices = [self._devices / name for name in names]
        for _ in range(ATTACHED_TIMEOUT_S):
            for device in devices:
                if device.exists():
                    return str(device)
            self._sleep(1)
        message = f"the data volume {self._volume} was not attached in time"
        raise Failure(message)
