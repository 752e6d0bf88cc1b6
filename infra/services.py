"""The one list of services; everything that knows of them is derived from it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from infra import database
from infra.errors import UserError
from infra.service import STACK_IMAGE, Service
from infra.settings import Runtime, Settings
from monitoring import alertmanager

OUR_USER = 10001
"""The user of this repository's image, as `app/Dockerfile` makes it."""
NOBODY = 65534
TRAINING_MB = 768
"""A training, measured: 370 with the default settings, 610 with the best model's."""
API_WORKERS = 2
"""One answers while the other is started anew, or is at something long; t3.small has two cores."""
MODELS_MB = 120
"""What the served models may take in each worker: the default champion is estimated at 42."""
WORKER_MB = 140
"""A worker but for its models, measured: 60 with SQLAlchemy, 50 for ONNX Runtime, SciPy and XGBoost
once there were large requests, 30 while such a request is answered."""
KEEPER_MB = 55
"""The process beside the workers that takes predictions to the database, measured."""
SERVER_MB = 35
"""The server's own process, measured."""
# While a version is replaced the old one and the new one are in memory, in each worker.
API_MB = API_WORKERS * (WORKER_MB + 2 * MODELS_MB) + KEEPER_MB + SERVER_MB

REPORT_MB = 96
"""What a drift report needs beyond what a training leaves: both begin with the same alert. The
report takes 245, the best model's training 610."""
RETRAINER_MB = 192
"""Its server's own process and the one that measures drift, measured: 32 and 78."""

CLIENT_OF_MLFLOW = {
    "MLFLOW_TRACKING_URI": "http://{mlflow}",
    # Artifacts come through the server: a client needs no AWS keys, and no way to S3.
    "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false",
}

WITH_WEBHOOK_KEY = (
    'MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY=`cat "{secrets}/mlflow-webhook-key"` && '
    'export MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY && exec "$@"'
)
"""MLflow reads this key from its environment only: from a file it gets there in its own process."""

SERVICES = (
    Service(
        name="postgres",
        purpose="keeps MLflow's runs and registry; users, keys and predictions of the API",
        image="postgres:17.6-trixie",
        command=database.start(
            *("docker-entrypoint.sh", "postgres", "-c", "port={port}"),
            *("-c", "shared_buffers=48MB", "-c", "max_connections=40"),
        ),
        environment={
            "POSTGRES_USER": database.OWNER,
            "POSTGRES_DB": database.OWNER,
            "POSTGRES_PASSWORD_FILE": "{secrets}/postgres-password",
            "POSTGRES_INITDB_ARGS": "--auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8",
            "PGDATA": "{data}/17",
            "PGPASSFILE": "{secrets}/service-pgpass",
        },
        memory_mb=160,
        user=999,
        port=5432,
        # As the API logs in: its database has been made.
        health_command=(
            *("psql", "-X", "-q", "-h", "127.0.0.1", "-p", "{port}"),
            *("-U", database.SERVICE, "-d", database.SERVICE, "-c", ""),
        ),
        secrets=("postgres-password", "service-password", "service-pgpass"),
        writes=("/var/run/postgresql",),
        runtimes=("compose",),
        keeps_state=True,
    ),
    Service(
        name="mlflow",
        purpose="tracks runs, keeps the model registry, serves artifacts out of the bucket",
        image=STACK_IMAGE,
        command=(
            *("sh", "-c", WITH_WEBHOOK_KEY, "sh"),
            *("mlflow", "server", "--host", "{bind}", "--port", "{port}", "--workers", "1"),
            *("--backend-store-uri", "{mlflow_database}"),
            *("--artifacts-destination", "s3://{bucket}/mlflow"),
            *("--expose-prometheus", "{data}/metrics"),
        ),
        environment={
            # Its job runner is eight more processes and 800 MB, for features not used here.
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_SERVER_ALLOWED_HOSTS": "{mlflow},localhost:{port},127.0.0.1:{port},{edge_host}",
            "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": "{edge}",
            "PGPASSFILE": "{secrets}/mlflow-pgpass",
            # The API is told of a moved alias on the host's own network, which no TLS crosses.
            "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http",
            "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
            "MLFLOW_WEBHOOK_REQUEST_TIMEOUT": "5",
            # Of each process a cache: another's new webhook would be unknown for a minute.
            "MLFLOW_WEBHOOK_CACHE_TTL": "1",
            # Without it a bucket is asked for in another region, whose answer leads elsewhere.
            "AWS_DEFAULT_REGION": "{region}",
        },
        memory_mb=640,
        user=OUR_USER,
        port=5000,
        health_path="/health",
        metrics_path="/metrics",
        needs=("postgres",),
        secrets=("mlflow-pgpass", "mlflow-webhook-key"),
        keeps_state=True,
    ),
    Service(
        name="first-training",
        purpose="trains and promotes the first model when the registry has no champion",
        image=STACK_IMAGE,
        command=("python", "-m", "training.train", "--unless-champion"),
        environment=CLIENT_OF_MLFLOW,
        memory_mb=TRAINING_MB,
        user=OUR_USER,
        needs=("mlflow",),
        runs="once",
    ),
    Service(
        name="xgboost-api",
        purpose="answers /predict with the registry's champion",
        image=STACK_IMAGE,
        command=(
            *("granian", "--interface", "wsgi", "app.wsgi:app"),
            *("--host", "{bind}", "--port", "{port}", "--workers", str(API_WORKERS)),
            *("--blocking-threads", "1", "--no-ws", "--log-level", "warning"),
            # A worker that was killed comes back; one that does not end is killed.
            *("--respawn-failed-workers", "--workers-kill-timeout", "15"),
        ),
        environment={
            **CLIENT_OF_MLFLOW,
            "OMP_NUM_THREADS": "1",
            "MODEL_MEMORY_MB": str(MODELS_MB),
            "AUTH": "{auth}",
            "DATA_DIR": "{data}",
            "DATABASE_URL": "{service_database}",
            "PGPASSFILE": "{secrets}/service-pgpass",
            "OPERATOR_KEY_FILE": "{secrets}/operator-key",
            "MODEL_HOOK_URL": "http://{xgboost-api}/models/hook",
            "PROMETHEUS_URL": "http://{prometheus}/prometheus",
        },
        memory_mb=API_MB,
        user=OUR_USER,
        port=5001,
        health_path="/healthz",
        metrics_path="/metrics",
        needs=("postgres",),
        secrets=("operator-key", "service-pgpass"),
        keeps_state=True,
        stop_s=20,
    ),
    Service(
        name="retrainer",
        purpose="measures drift; retrains when an alert, the schedule or a person asks for it",
        image=STACK_IMAGE,
        command=(
            *("granian", "--interface", "wsgi", "monitoring.retrainer.wsgi:app"),
            *("--host", "{bind}", "--port", "{port}", "--workers", "1"),
            *("--blocking-threads", "4", "--no-ws", "--log-level", "warning"),
            "--respawn-failed-workers",
        ),
        environment={
            **CLIENT_OF_MLFLOW,
            "DATA_DIR": "{data}",
            "DATABASE_URL": "{service_database}",
            "PGPASSFILE": "{secrets}/service-pgpass",
            "API_URL": "http://{xgboost-api}",
            "RETRAIN_EVERY_HOURS": "{retrain_every_hours}",
        },
        memory_mb=RETRAINER_MB,
        job_mb=TRAINING_MB + REPORT_MB,
        user=OUR_USER,
        port=5002,
        health_path="/healthz",
        metrics_path="/metrics",
        needs=("postgres",),
        secrets=("service-pgpass",),
        keeps_state=True,
    ),
    Service(
        name="alertmanager",
        purpose="groups alerts and hands them on",
        image="prom/alertmanager:v0.28.1",
        command=(
            *("alertmanager", "--config.file={config}/alertmanager.yml"),
            *("--storage.path={data}", "--web.listen-address={bind}:{port}"),
            *("--web.external-url={edge}/alertmanager/", "--cluster.listen-address="),
        ),
        memory_mb=64,
        user=NOBODY,
        port=9093,
        health_path="/alertmanager/-/ready",
        metrics_path="/alertmanager/metrics",
        secrets=alertmanager.SECRETS,
        directory="{secrets}",
        keeps_state=True,
    ),
    Service(
        name="prometheus",
        purpose="scrapes every service's metrics",
        image="prom/prometheus:v3.5.0",
        command=(
            *("prometheus", "--config.file={config}/prometheus.yml"),
            *("--storage.tsdb.path={data}", "--web.listen-address={bind}:{port}"),
            "--web.external-url={edge}/prometheus/",
            # The objectives are over 30 days.
            *("--storage.tsdb.retention.time=30d", "--storage.tsdb.retention.size=4GB"),
        ),
        memory_mb=256,
        user=NOBODY,
        port=9090,
        health_path="/prometheus/-/ready",
        metrics_path="/prometheus/metrics",
        keeps_state=True,
    ),
    Service(
        name="node-exporter",
        purpose="tells the host's processor, memory, disk and network figures",
        image="prom/node-exporter:v1.9.1",
        command=(
            *("node_exporter", "--web.listen-address={bind}:{port}"),
            *("--path.rootfs={host_root}", "--path.procfs={host_root}proc"),
            *("--path.sysfs={host_root}sys", "--collector.textfile.directory={data}"),
        ),
        memory_mb=64,
        user=NOBODY,
        port=9100,
        health_path="/",
        metrics_path="/metrics",
        mounts=("/:/host:ro,rslave",),
        # What the agent writes there, for it to tell.
        keeps_state=True,
    ),
    Service(
        name="grafana",
        purpose="draws the dashboards",
        image="grafana/grafana:12.1.0",
        command=("grafana", "server"),
        environment={
            "GF_SERVER_HTTP_ADDR": "{bind}",
            "GF_SERVER_HTTP_PORT": "{port}",
            "GF_SERVER_ROOT_URL": "{edge}/grafana/",
            "GF_SERVER_SERVE_FROM_SUB_PATH": "true",
            "GF_PATHS_DATA": "{data}",
            "GF_PATHS_PROVISIONING": "{config}/grafana",
            "GF_SECURITY_ADMIN_PASSWORD__FILE": "{secrets}/grafana-admin-password",
            "GF_SECURITY_COOKIE_SECURE": "{secure_cookies}",
            # On one's own machine only; the role is Grafana's default for it, the viewer's.
            "GF_AUTH_ANONYMOUS_ENABLED": "{anonymous_viewers}",
            "GF_ANALYTICS_REPORTING_ENABLED": "false",
            "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        },
        memory_mb=256,
        user=472,
        port=3000,
        health_path="/api/health",
        secrets=("grafana-admin-password",),
        keeps_state=True,
        optional=True,
    ),
    Service(
        name="grafana-users",
        purpose="makes Grafana's users those that the stack sets",
        image=STACK_IMAGE,
        command=("python", "-m", "monitoring.grafana_users"),
        environment={
            "GRAFANA_URL": "http://{grafana}/grafana",
            "GRAFANA_USERS": "{grafana_users}",
            "GRAFANA_PASSWORD_FILE": "{secrets}/grafana-admin-password",
            "GRAFANA_USER_PASSWORDS_FILE": "{secrets}/grafana-user-passwords",
        },
        memory_mb=64,
        user=OUR_USER,
        needs=("grafana",),
        secrets=("grafana-admin-password", "grafana-user-passwords"),
        runs="once",
    ),
    Service(
        name="proxy",
        purpose="the edge: TLS, and the way to everything else",
        image="caddy:2.10.2-alpine",
        command=("caddy", "run", "--config", "{config}/Caddyfile", "--adapter", "caddyfile"),
        environment={
            "XDG_DATA_HOME": "{data}",
            "XDG_CONFIG_HOME": "{data}",
            "SECRETS": "{secrets}",
        },
        # It keeps bodies of 2 MB until they are whole: some 50 slow senders at once.
        memory_mb=256,
        user=OUR_USER,
        port=443,
        scheme="https",
        health_path="/-/healthy",
        secrets=("operator-login",),
        # The image's file carries this capability: without it the kernel refuses to start it.
        capabilities=("NET_BIND_SERVICE",),
        keeps_state=True,
        public=True,
        stop_s=20,
    ),
)


def services_of(runtime: Runtime) -> tuple[Service, ...]:
    """Return the services of a runtime; one that is not there is needed by nobody."""
    chosen = [service for service in SERVICES if runtime in service.runtimes]
    names = {service.name for service in chosen}
    return tuple(
        replace(service, needs=tuple(need for need in service.needs if need in names))
        for service in chosen
    )


def ports(settings: Settings) -> dict[str, int]:
    """Return every listening service's port, as the stack sets it.

    Raises
    ------
    UserError
        The stack sets the port of a service that does not exist, or two services share one.
    """
    listening = services_of(settings.runtime)
    usual = {service.name: service.port for service in listening if service.port is not None}
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
