"""The programs that judge rules and configurations, and those that run them, from the cache."""

import shutil
from pathlib import Path

import pytest

from infra.errors import UserError
from infra.local.binaries import ALERTMANAGER, DebianPackages, install_binaries
from infra.local.gobuild import GoProgram, build_from_modules
from infra.local.sources import Program, Source, obtain

AMTOOL = GoProgram(
    name="amtool",
    module="github.com/prometheus/alertmanager/cmd/amtool",
    version=ALERTMANAGER.version,
    version_variable=ALERTMANAGER.version_variable,
    binary="amtool",
    minutes=1,
)


def promtool():
    """Return Prometheus's own judge of rules; where it can't be had, skip and say why."""
    return _judge(
        Program("promtool", "promtool-debian", "promtool", ""),
        Source(
            "the Debian package prometheus",
            lambda target: DebianPackages().fetch("prometheus", "promtool", target, "promtool"),
        ),
    )


def amtool():
    """Return Alertmanager's own judge of configurations; where it can't be had, skip."""
    return _judge(
        Program("amtool", f"amtool-{AMTOOL.version}", "amtool", ""),
        Source("a build from Go modules", lambda target: build_from_modules(AMTOOL, target, print)),
    )


def _judge(program, source):
    on_path = shutil.which(program.binary)
    if on_path:
        return on_path
    try:
        return str(obtain(program, [source], print) / program.binary)
    except UserError as error:
        pytest.skip(str(error))


def monitoring_programs(folder: Path):
    """Return the folder with Prometheus, Alertmanager and node exporter, as `make up` has them."""
    try:
        install_binaries(folder, print)
    except UserError as error:
        pytest.skip(str(error))
    return folder / "bin"
