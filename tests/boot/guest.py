"""The machine: a Debian 13 root under systemd-nspawn, with cloud-init, systemd and Docker."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil

BOOT_TIMEOUT_S = 600
STOP_TIMEOUT_S = 40
DISK_BYTES = 4 * 2**30

# What stands around the user data, which needs none of it: the ways to the world through sockets.
WORLD = """\
#!/bin/sh
# cloud-init ignores the hardware's names in a container; this one says that it is EC2.
mount -o remount,rw /sys
mkdir -p /sys/hypervisor && echo ec2a1b2c-3d4e-4f50-8192-a3b4c5d6e7f8 > /sys/hypervisor/uuid
ip link set lo up
for address in 169.254.53.53 169.254.169.254 169.254.1.1; do ip addr add $address/32 dev lo; done
socat TCP-LISTEN:80,bind=169.254.169.254,fork,reuseaddr UNIX-CONNECT:/harness/metadata &
socat TCP-LISTEN:443,bind=169.254.1.1,fork,reuseaddr UNIX-CONNECT:/harness/aws &
rm -f /harness/edge
socat UNIX-LISTEN:/harness/edge,fork TCP:127.0.0.1:{edge} &
exec dnsmasq -k -C /dev/null --no-resolv --no-hosts --bind-interfaces \\
  --listen-address=169.254.53.53 --local=/amazonaws.com/ \\
  --address=/amazonaws.com/169.254.1.1 --address=/docker.io/169.254.1.1
"""
WORLD_UNIT = """\
[Unit]
DefaultDependencies=no
After=local-fs.target
Before=cloud-init-local.service cloud-init-main.service cloud-init.service network-pre.target
Wants=network-pre.target
[Service]
ExecStart=/usr/local/sbin/aws-world
Restart=on-failure
[Install]
WantedBy=sysinit.target
"""
CLOUD = """\
datasource_list: [ Ec2 ]
datasource: { Ec2: { strict_id: false, max_wait: 30, timeout: 5 } }
network: { config: disabled }
locale: false
ssh_genkeytypes: []
"""
UNITS_OFF = (
    *("apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_all.timer", "fstrim.timer"),
    *(
        "dpkg-db-backup.timer",
        "unattended-upgrades.service",
        "systemd-networkd-wait-online.service",
    ),
)


class Guest:
    """One machine; its root may be thrown away."""

    def __init__(self, root: Path, sockets: Path, log: Path) -> None:
        self.root = root
        self._sockets = sockets
        self._log = log
        self._disk = root.parent / "data-volume"
        self._loop = ""
        self._running: subprocess.Popen[bytes] | None = None

    def prepare(self, authority: Path, edge_port: int) -> None:
        """Put the ways to the world into the root; the user data is not touched by that."""
        trusted = self.root / "usr/local/share/ca-certificates/boot-test.crt"
        shutil.copy2(authority, trusted)
        self._write("usr/local/sbin/aws-world", WORLD.replace("{edge}", str(edge_port)), 0o755)
        self._write("etc/systemd/system/aws-world.service", WORLD_UNIT)
        self._write("etc/cloud/cloud.cfg.d/99-boot-test.cfg", CLOUD)
        (self.root / "etc/resolv.conf").unlink(missing_ok=True)
        self._write("etc/resolv.conf", "nameserver 169.254.53.53\n")
        self._write("etc/hostname", "ec2guest\n")
        self._write("etc/machine-id", "")
        self._write("etc/fstab", "")
        self._write("etc/network/interfaces", "auto lo\niface lo inet loopback\n")
        # A container shares its kernel's swap with the whole machine.
        (self.root / "usr/sbin/swapon").unlink()
        self._write("usr/sbin/swapon", "#!/bin/sh\n", 0o755)
        self._chroot("update-ca-certificates")
        self._chroot("systemctl", "-q", "enable", "aws-world.service")
        self._chroot("systemctl", "-q", "mask", *UNITS_OFF)

    def _write(self, path: str, text: str, mode: int = 0o644) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def _chroot(self, *command: str) -> None:
        subprocess.run(["chroot", str(self.root), *command], check=True, capture_output=True)

    def attach_disk(self) -> None:
        """Make an empty disk, which the machine will see as its EBS volume."""
        with self._disk.open("wb") as file:
            file.truncate(DISK_BYTES)
        done = subprocess.run(
            ["losetup", "--find", "--show", str(self._disk)],
            capture_output=True,
            text=True,
            check=True,
        )
        self._loop = done.stdout.strip()

    def boot(self, volume: str) -> None:
        """Switch it on; it sees its data volume under the name that EC2's have."""
        name = f"nvme-Amazon_Elastic_Block_Store_{volume.replace('-', '')}"
        command = ["systemd-nspawn", "--register=no", "--keep-unit", "--boot", "--quiet"]
        command += ["--directory", str(self.root), "--private-network", "--capability=all"]
        command += ["--system-call-filter=add_key keyctl bpf", f"--bind={self._sockets}:/harness"]
        command += [f"--bind={self._loop}:/dev/disk/by-id/{name}", "--console=pipe"]
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            )

    def is_on(self) -> bool:
        """Tell whether it runs."""
        return self._running is not None and self._running.poll() is None

    def run(self, *command: str) -> str:
        """Run a command in the machine and return what it printed."""
        leader = str(self._leader().pid)
        done = subprocess.run(
            ["nsenter", "--target", leader, "--all", "--", *command],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.stdout + done.stderr

    def _leader(self) -> psutil.Process:
        assert self._running is not None
        (leader,) = psutil.Process(self._running.pid).children()
        return leader

    def stop(self) -> None:
        """Switch it off in good order; one that does not end is killed."""
        if not self.is_on():
            return
        self._leader().send_signal(signal.SIGRTMIN + 4)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while self.is_on() and time.monotonic() < deadline:
            time.sleep(0.2)
        self._kill()

    def _kill(self) -> None:
        if self._running is not None and self.is_on():
            self._leader().kill()
            self._running.kill()
            self._running.wait()

    def remove(self) -> None:
        """End it at once and remove what it left."""
        self._kill()
        if self._loop:
            subprocess.run(["losetup", "--detach", self._loop], check=False)
        shutil.rmtree(self.root, ignore_errors=True)
        self._disk.unlink(missing_ok=True)
