"""The one list of services; everything that knows of them is derived from it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from infra.errors import UserError
from infra.settings import Settings

STACK_IMAGE = "{stack_image}"
"""Stands for the image that this repository builds."""


@dataclass(frozen=True)
class Service:
    """One service of the host.

    In `command` and `environment`, names in braces are filled in where the service runs: `{bind}`
    and `{port}` (its own address), `{data}` (its folder on the data volume), `{config}` (the
    bundle's folder), `{secrets}` (a folder with one file a secret), `{bucket}`, and the name of
    any other service for its `host:port`.
    """

    name: str
    purpose: str
    image: str
    command: tuple[str, ...]
    memory_mb: int
    port: int | None = None
    health_path: str | None = None
    metrics_path: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    keeps_state: bool = False
    public: bool = False
    optional: bool = False
    runs: Literal["always", "once"] = "always"


CLIENT_OF_MLFLOW = {
    "MLFLOW_TRACKING_URI": "http://{mlflow}",
    # Artifacts come through the server: a client needs no AWS keys, and no way to S3.
    "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false",
}

SERVICES = (
    Service(
        name="mlflow",
        purpose="tracks runs, keeps the model registry, serves artifacts out of the bucket",
        image=STACK_IMAGE,
        command=(
            *("mlflow", "server", "--host", "{bind}", "--port", "{port}", "--workers", "1"),
            *("--backend-store-uri", "sqlite:///{data}/mlflow.db"),
            *("--artifacts-destination", "s3://{bucket}/mlflow"),
        ),
        # Its job runner is eight more processes and 800 MB, for features that are not used here.
        environment={
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_SERVER_ALLOWED_HOSTS": "{mlflow},localhost:{port},127.0.0.1:{port}",
        },
        memory_mb=640,
        port=5000,
        health_path="/health",
        keeps_state=True,
    ),
    Service(
        name="first-training",
        purpose="trains and promotes the first model when the registry has no champion",
        image=STACK_IMAGE,
        command=("python", "-m", "training.train", "--unless-champion"),
        environment=CLIENT_OF_MLFLOW,
        memory_mb=1024,
        needs=("mlflow",),
        runs="once",
    ),
    Service(
        name="xgboost-api",
        purpose="answers /predict with the registry's champion",
        image=STACK_IMAGE,
        command=(
            *("granian", "--interface", "wsgi", "app.wsgi:app"),
            *("--host", "{bind}", "--port", "{port}", "--workers", "1"),
            *("--blocking-threads", "1", "--no-ws", "--log-level", "warning"),
        ),
        environment={**CLIENT_OF_MLFLOW, "OMP_NUM_THREADS": "1"},
        memory_mb=384,
        port=5001,
        health_path="/healthz",
        metrics_path="/metrics",
        public=True,
    ),
    Service(
        name="prometheus",
        purpose="scrapes every service's metrics",
        image="prom/prometheus:v3.5.0",
        command=(
            *("prometheus", "--config.file={config}/prometheus.yml"),
            *("--storage.tsdb.path={data}", "--web.listen-address={bind}:{port}"),
        ),
        memory_mb=256,
        port=9090,
        health_path="/-/ready",
        metrics_path="/metrics",
        keeps_state=True,
    ),
    Service(
        name="node-exporter",
        purpose="tells the host's processor, memory, disk and network figures",
        image="prom/node-exporter:v1.9.1",
        command=("node_exporter", "--web.listen-address={bind}:{port}"),
        memory_mb=64,
        port=9100,
        health_path="/",
        metrics_path="/metrics",
    ),
    Service(
        name="grafana",
        purpose="draws the dashboards",
        image="grafana/grafana:12.1.0",
        command=("grafana", "server"),
        environment={
            "GF_SERVER_HTTP_ADDR": "{bind}",
            "GF_SERVER_HTTP_PORT": "{port}",
            "GF_PATHS_DATA": "{data}",
            "GF_PATHS_PROVISIONING": "{config}/grafana",
            "GF_SECURITY_ADMIN_PASSWORD__FILE": "{secrets}/grafana-admin-password",
            "GF_ANALYTICS_REPORTING_ENABLED": "false",
            "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        },
        memory_mb=256,
        port=3000,
        health_path="/api/health",
        secrets=("grafana-admin-password",),
        keeps_state=True,
        optional=True,
    ),
)


def ports(settings: Settings) -> dict[str, int]:
    """Return every listening service's port, as the stack sets it.

    Raises
    ------
    UserError
        The stack sets the port of a service that does not exist, or two services share one.
    """
    usual = {service.name: service.port for service in SERVICES if service.port is not None}
    for name, port in settings.ports.items():
        if name not in usual:
            message = f"ports: {name}: {port} is refused: the services are {', '.join(usual)}"
            raise UserError(message)
    chosen = {**usual, **settings.ports}
    for name, other in _pairs(chosen):
        if chosen[name] == chosen[other]:
            message = f"ports: {name} and {other} both have {chosen[name]}: change one of them"
            raise UserError(message)
    return chosen


def _pairs(names: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    ordered = sorted(names)
    return ((a, b) for i, a in enumerate(ordered) for b in ordered[i + 1 :])


def addresses(settings: Settings) -> dict[str, str]:
    """Return where each service is reached by the others: host:port.

    Processes share the host's loopback; containers find each other by name.
    """
    host = "127.0.0.1" if settings.runtime == "processes" else None
    return {name: f"{host or name}:{port}" for name, port in ports(settings).items()}
