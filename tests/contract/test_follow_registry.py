"""A real MLflow server and real workers: the alias moves while requests keep coming."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.app.fakes import SavedModel
from tests.app.server import ask, serving
from tests.ports import free_port

pytestmark = pytest.mark.e2e

NAME, OTHER = "houses", "boats"
ROWS = [[1.0], [2.5]]
WORKERS = 2
# Long enough that no move in these tests is found by polling.
NEVER_S = 600


@dataclass
class Api:
    """The service, run by its server with two workers."""

    folder: Path
    uri: str = ""

    def ask(self, path: str, body: object = None) -> tuple[int, Any]:
        return ask(self.uri + path, body)

    @contextmanager
    def running(self, mlflow_uri: str, **environment: str) -> Iterator["Api"]:
        """Start it on a free port, and end it afterwards."""
        port = free_port()
        self.uri = f"http://127.0.0.1:{port}"
        settings = {
            "MLFLOW_TRACKING_URI": mlflow_uri,
            "MODEL_NAME": NAME,
            "MODEL_POLL_S": str(NEVER_S),
            "MODEL_HOOK_URL": f"{self.uri}/models/hook",
            "DATA_DIR": str(self.folder / "data"),
            **environment,
        }
        arguments = (
            *("--workers", str(WORKERS), "--blocking-threads", "1", "--log-level", "info"),
            # A worker that is told to end while it starts does not hear it.
            *("--workers-kill-timeout", "5"),
        )
        log = self.folder / f"log-{port}"
        with serving("app.wsgi:app", port, log, settings, *arguments):
            wait_until(lambda: log.read_text().count("Started worker") == WORKERS)
            yield self

    def served_everywhere(self, version: str) -> bool:
        """Tell whether all workers predict with this version."""
        body = {"features": ROWS}
        return self.everywhere(lambda: self.ask("/predict", body)[1].get("version") == version)

    def everywhere(self, holds: Callable[[], bool]) -> bool:
        """Tell whether it holds of each of many answers, by whatever worker."""
        return all(holds() for _ in range(10 * WORKERS))


@dataclass
class Load:
    """Requests without a pause, from several clients, until the end of the block."""

    api: Api
    answers: list[tuple[int, Any]] = field(default_factory=list)

    @contextmanager
    def applied(self) -> Iterator["Load"]:
        ended = threading.Event()

        def ask() -> None:
            while not ended.is_set():
                try:
                    self.answers.append(self.api.ask("/predict", {"features": ROWS}))
                except OSError as error:
                    self.answers.append((0, str(error)))

        clients = [threading.Thread(target=ask) for _ in range(3)]
        for client in clients:
            client.start()
        try:
            yield self
        finally:
            ended.set()
            for client in clients:
                client.join()


def wait_until(holds: Callable[[], bool], patience_s: float = 30.0) -> float:
    """Return after how many seconds it holds."""
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < patience_s
        time.sleep(0.02)
    return time.monotonic() - started


def register(mlflow, name: str, saved: SavedModel, **damaged: bytes) -> str:
    files = saved.files()
    digest = SavedModel.digest(files["MLmodel"])
    stored = files | {place.replace("_", "."): content for place, content in damaged.items()}
    return mlflow.register(name, stored, manifest_sha256=digest)


@pytest.fixture(scope="module")
def api(tmp_path_factory, mlflow) -> Iterator[Api]:
    """A service that hears of moves by MLflow's webhook alone; at first there is no model."""
    with Api(tmp_path_factory.mktemp("api")).running(mlflow.uri) as running:
        status, answer = running.ask("/predict", {"features": ROWS})
        assert status == 503
        assert "python -m training.train" in answer["error"]
        wait_until(lambda: "webhooks" in mlflow.get("webhooks"))
        for factor in (1.0, 2.0, 3.0):
            # Each version multiplies by its own number.
            assert register(mlflow, NAME, SavedModel(factor)) == str(int(factor))
        mlflow.set_alias(NAME, "champion", "1")
        wait_until(lambda: running.served_everywhere("1"))
        yield running


def test_hook_is_there_once(api, mlflow):
    """Two workers registered one hook."""
    urls = [hook["url"] for hook in mlflow.get("webhooks")["webhooks"]]
    assert urls == [f"{api.uri}/models/hook"]


def test_alias_moves_under_load_and_no_request_notices(api, mlflow):
    """While the alias moves no request fails, and an answer is of the version that it names.

    The move is seen by all workers within three seconds by the webhook alone (mostly in half a
    second: polling would take ten minutes here).
    """
    with Load(api).applied() as load:
        took = []
        for version in itertools.islice(itertools.cycle("231"), 6):
            mlflow.set_alias(NAME, "champion", version)
            took.append(wait_until(lambda version=version: api.served_everywhere(version)))
    assert {status for status, _ in load.answers} == {200}
    for _, answer in load.answers:
        factor = float(answer["version"])
        assert answer["predictions"] == [factor * 1.0, factor * 2.5]
    assert {answer["version"] for _, answer in load.answers} == {"1", "2", "3"}
    assert len(load.answers) > 200
    assert max(took) < 3, took


def test_damaged_version_is_refused_and_the_old_one_answers(api, mlflow):
    """A version whose file is cut is never served; the problem is told, and clears again."""
    files = SavedModel(4.0).files()
    damaged = register(mlflow, NAME, SavedModel(4.0), model_json=files["model.json"][:20])
    mlflow.set_alias(NAME, "champion", damaged)
    wait_until(lambda: api.everywhere(lambda: "stale" in api.ask("/readyz")[1]))
    status, answer = api.ask("/readyz")
    assert (status, answer["version"]) == (200, "1")
    assert f"version {damaged} cannot be served: model.json is not as it was" in answer["problem"]
    assert api.served_everywhere("1")
    mlflow.set_alias(NAME, "champion", "1")
    wait_until(lambda: api.everywhere(lambda: "stale" not in api.ask("/readyz")[1]))


def test_previous_is_one_call(api, mlflow):
    """The way back is one call, under load too; the next call undoes it."""
    for alias, version in (("previous", "2"), ("champion", "3")):
        mlflow.set_alias(NAME, alias, version)
    wait_until(lambda: api.served_everywhere("3"))
    with Load(api).applied() as load:
        status, answer = api.ask(f"/models/{NAME}/previous", {})
        assert status == 200
        assert (answer["version"], answer["previous"]) == ("2", "3")
        assert wait_until(lambda: api.served_everywhere("2")) < 3
    assert {status for status, _ in load.answers} == {200}
    found = mlflow.get("registered-models/get", name=NAME)["registered_model"]["aliases"]
    assert {pair["alias"]: pair["version"] for pair in found} == {"champion": "2", "previous": "3"}
    assert api.ask(f"/models/{NAME}/previous", {})[1]["version"] == "3"


def test_second_model_is_followed_too(api, mlflow):
    """A model that gets the alias is served beside the first; one without previous cannot go."""
    register(mlflow, OTHER, SavedModel(9.0, "y"))
    mlflow.set_alias(OTHER, "champion", "1")
    wait_until(lambda: api.everywhere(lambda: len(api.ask("/models")[1]["models"]) == 2))
    listed = api.ask("/models")[1]["models"]
    assert [(one["model"], one["default"]) for one in listed] == [(NAME, True), (OTHER, False)]
    assert listed[1]["columns"][0]["name"] == "y"
    status, answer = api.ask(f"/models/{OTHER}/previous", {})
    assert (status, "nothing to go back to" in answer["error"]) == (409, True)


def test_start_without_a_registry_serves_what_was_served_last(api, mlflow):
    """With the registry gone the service says stale; started anew, it serves from its disk."""
    served = api.ask("/readyz")[1]["version"]
    mlflow.process.terminate()
    mlflow.process.wait(30)
    status, answer = api.ask(f"/models/{NAME}/previous", {})
    assert (status, "not reachable" in answer["error"]) == (503, True)
    with Api(api.folder).running(mlflow.uri, MODEL_POLL_S="0.2") as again:
        wait_until(lambda: again.served_everywhere(served))
        wait_until(lambda: again.everywhere(lambda: "stale" in again.ask("/readyz")[1]))
        status, answer = again.ask("/readyz")
        assert (status, answer["stale"]) == (200, True)
        assert "not reachable" in answer["problem"]
