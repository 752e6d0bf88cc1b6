"""The servers that are compared: this project's, its peers, and the floor under both."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.scratch import CHECKOUT
from benchmarks.serving.bodies import FEATURES, MLFLOW, MLSERVER, Form

PEERS_FOLDER = CHECKOUT / "benchmarks" / "peers"

MLFLOW_PEER = "mlflow models serve"
MLSERVER_PEER = "MLServer"
BARE_FLASK = "bare Flask on granian"
BARE_WSGI = "bare WSGI on granian"
WORKERS = (1, 2)
OURS = "this service"
OURS_GEOGRAPHIC = "this service, geographic model"


@dataclass(frozen=True)
class Server:
    """A server and how it is started.

    Attributes
    ----------
    command, variables
        Program, arguments and environment; what stands in braces is filled in: `port` and
        `spare_port`s, `workers`, `models` (a folder), `peers` (the adapters' folder), `registry`.
    environment
        The name of its lock file in benchmarks/peers; None: the project's own environment.
    model
        Which one it answers with; None: it answers always the same.
    workers
        With how many it is measured.
    """

    name: str
    command: tuple[str, ...]
    form: Form = FEATURES
    variables: Mapping[str, str] = field(default_factory=dict)
    environment: str | None = None
    model: str | None = "plain"
    workers: tuple[int, ...] = WORKERS


PEERS = (
    Server(
        MLFLOW_PEER,
        (
            *("mlflow", "models", "serve", "--model-uri", "{models}/mlflow"),
            *("--env-manager", "local", "--host", "127.0.0.1", "--port", "{port}"),
            *("--workers", "{workers}"),
        ),
        form=MLFLOW,
        environment="mlflow",
    ),
    Server(
        MLSERVER_PEER,
        ("mlserver", "start", "{models}/mlserver"),
        form=MLSERVER,
        # With one worker the model is in the process that answers: faster than its default.
        variables={
            "MLSERVER_HOST": "127.0.0.1",
            "MLSERVER_HTTP_PORT": "{port}",
            "MLSERVER_GRPC_PORT": "{spare_port}",
            "MLSERVER_METRICS_PORT": "{another_spare_port}",
            "MLSERVER_PARALLEL_WORKERS": "{workers_beside}",
            "MLSERVER_DEBUG": "false",
        },
        environment="mlserver",
    ),
    Server(
        "BentoML",
        (
            *("bentoml", "serve", "bentoml_service:Housing", "--working-dir", "{peers}"),
            *("--host", "127.0.0.1", "--port", "{port}"),
        ),
        variables={"BENTOML_DO_NOT_TRACK": "true"},
        environment="bentoml",
    ),
    Server(
        "LitServe",
        ("python", "{peers}/litserve_server.py", "{port}"),
        environment="litserve",
    ),
    Server(
        "FastAPI on uvicorn",
        (
            *("uvicorn", "fastapi_app:app", "--app-dir", "{peers}", "--host", "127.0.0.1"),
            *("--port", "{port}", "--workers", "{workers}"),
        ),
        environment="fastapi",
    ),
    Server(
        "naive Flask on gunicorn",
        (
            *("gunicorn", "flask_app:app", "--chdir", "{peers}", "--bind", "127.0.0.1:{port}"),
            *("--workers", "{workers}"),
        ),
        environment="flask",
    ),
)


OUR_VARIABLES = {
    "PYTHONPATH": "{checkout}",
    "MLFLOW_TRACKING_URI": "{registry}",
    "AUTH": "open",
    "DATA_DIR": "{folder}/data",
}
THROUGH_FLASK = "benchmarks.serving.through_flask:app"
GRANIAN = (
    *("--host", "127.0.0.1", "--port", "{port}", "--workers", "{workers}"),
    *("--blocking-threads", "1", "--no-ws", "--log-level", "warning"),
)
GUNICORN = (
    *("--worker-class", "gthread", "--threads", "2", "--bind", "127.0.0.1:{port}"),
    *("--workers", "{workers}"),
)


def _on_granian(
    name: str, application: str, model: str | None, workers: tuple[int, ...] = WORKERS
) -> Server:
    command = ("granian", "--interface", "wsgi", application, *GRANIAN)
    return Server(name, command, variables=OUR_VARIABLES, model=model, workers=workers)


SERVICE = (
    _on_granian(OURS, "app.wsgi:app", "plain"),
    _on_granian(f"{OURS}, through Flask", THROUGH_FLASK, "plain"),
    _on_granian(OURS_GEOGRAPHIC, "app.wsgi:app", "geographic", (1,)),
    _on_granian(f"{OURS_GEOGRAPHIC}, through Flask", THROUGH_FLASK, "geographic", (1,)),
    Server(
        f"{OURS}, on gunicorn",
        ("gunicorn", "app.wsgi:app", *GUNICORN),
        variables=OUR_VARIABLES,
        workers=(1,),
    ),
)

FLOOR = (
    _on_granian(BARE_FLASK, "benchmarks.serving.bare:flask", None),
    _on_granian(BARE_WSGI, "benchmarks.serving.bare:wsgi", None),
)

ALL = (*PEERS, *SERVICE, *FLOOR)
