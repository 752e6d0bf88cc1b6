"""What one service of the host is described by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from infra.settings import Runtime

STACK_IMAGE = "{stack_image}"
"""Stands for the image that this repository builds."""


@dataclass(frozen=True)
class Service:
    """One service of the host.

    In `command`, `environment` and `health_command`, names in braces are filled in where the
    service runs: `{bind}` and `{port}` (its own address), `{data}` (its folder on the data volume),
    `{config}` (the bundle's folder), `{secrets}` (a folder with one file a secret), `{host_root}`
    (the host's file system, with a slash at its end), `{bucket}`, `{region}`, `{auth}`,
    `{grafana_users}`, `{retrain_every_hours}`, `{mlflow_database}` and `{service_database}` (their
    URLs), `{edge}` and `{edge_host}` (the address that people use, as a URL and as a Host header),
    and the name of any other service for its `host:port`.

    Attributes
    ----------
    job_mb
        What a process that it starts now and then may take beside `memory_mb`.
    user
        Numeric user of the container: the image's own where it has one. Data folder and secrets
        belong to it.
    scheme
        How its port is spoken to; behind `https` is a certificate of the service's own making.
    health_command
        Tells that it is well, where there is no HTTP path to ask.
    capabilities
        What the program's file demands to start; it is given nothing else.
    mounts
        What it sees of the host beyond its own folders, read-only.
    directory
        The folder that it runs in, where its configuration has relative paths.
    stop_s
        Seconds that it has for what it is at, once it is asked to end.
    writes
        Folders of the image that must be writable; they are kept in memory.
    runtimes
        Where it runs: a process of one machine may not need it.
    """

    name: str
    purpose: str
    image: str
    command: tuple[str, ...]
    memory_mb: int
    user: int
    job_mb: int = 0
    port: int | None = None
    scheme: Literal["http", "https"] = "http"
    health_path: str | None = None
    health_command: tuple[str, ...] = ()
    metrics_path: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()
    directory: str = ""
    writes: tuple[str, ...] = ()
    runtimes: tuple[Runtime, ...] = ("compose", "processes")
    keeps_state: bool = False
    public: bool = False
    optional: bool = False
    runs: Literal["always", "once"] = "always"
    """Once: each time that a bundle is taken up."""
    stop_s: int = 10
