"""MLflow's webhook: registered once, and obeyed only when MLflow signed it just now."""

import base64
import hashlib
import hmac
import stat
import threading

import pytest
from werkzeug.datastructures import Headers

from app.caller import RefusedError
from app.hook import Hook, kept_secret
from app.rest import RegistryError, Rest
from tests.app.mlflow_server import running

NOW = 1_800_000_000.0
BODY = b'{"entity": "model_version_alias"}'
HOOK = Hook("http://127.0.0.1:5001/models/hook", "the secret of both")


def signed(secret: str = HOOK.secret, at: float = NOW, body: bytes = BODY) -> Headers:
    """Return the headers that MLflow 3.17 sends."""
    text = f"some-id.{int(at)}.{body.decode()}"
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return Headers(
        {
            "X-MLflow-Delivery-Id": "some-id",
            "X-MLflow-Timestamp": str(int(at)),
            "X-MLflow-Signature": f"v1,{base64.b64encode(digest).decode()}",
        }
    )


@pytest.mark.parametrize("at", [NOW, NOW - 290, NOW + 290])
def test_fresh_signature_is_let_through(at):
    """What MLflow signed within five minutes, by either clock, is its own."""
    HOOK.check(signed(at=at), BODY, NOW)


def without(name: str) -> Headers:
    headers = signed()
    del headers[name]
    return headers


def changed(name: str, value: str) -> Headers:
    headers = signed()
    headers[name] = value
    return headers


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (Headers(), BODY),
        (signed("another secret"), BODY),
        (signed(), BODY + b" "),
        (signed(at=NOW - 400), BODY),
        (signed(at=NOW + 400), BODY),
        (without("X-MLflow-Signature"), BODY),
        (without("X-MLflow-Timestamp"), BODY),
        (without("X-MLflow-Delivery-Id"), BODY),
        (changed("X-MLflow-Timestamp", str(int(NOW) + 1)), BODY),
        (changed("X-MLflow-Timestamp", "soon"), BODY),
        (changed("X-MLflow-Delivery-Id", "another"), BODY),
        (changed("X-MLflow-Signature", "v1,"), BODY),
        (changed("X-MLflow-Signature", "ü"), BODY),
    ],
)
def test_everybody_else_is_refused(headers, body):
    """Another secret, body, id or time, or a signature of yesterday, is refused with 401."""
    with pytest.raises(RefusedError) as refused:
        HOOK.check(headers, body, NOW)
    assert refused.value.status == 401


def test_hook_is_registered_once_and_its_secret_renewed():
    """However often a service starts, MLflow has one hook for its address; others stay."""
    with running() as mlflow:
        rest = Rest(mlflow.uri)
        mlflow.webhooks = [{"webhook_id": "z", "url": "http://other/hook"}]
        HOOK.register(rest)
        HOOK.register(rest)
        Hook(HOOK.url, "a new secret").register(rest)
        ours = [hook for hook in mlflow.webhooks if hook["url"] == HOOK.url]
        assert [hook["secret"] for hook in ours] == ["a new secret"]
        assert {event["action"] for event in ours[0]["events"]} == {"CREATED", "DELETED"}
        mlflow.webhooks.append({**ours[0], "webhook_id": "extra"})
        HOOK.register(rest)
        assert [hook["url"] for hook in mlflow.webhooks] == ["http://other/hook", HOOK.url]


def test_mlflow_that_takes_no_hook_is_an_error():
    """A refusal is an error of the registry's kind, which the service outlives by polling."""
    with running() as mlflow:
        mlflow.misbehave = lambda handler: bool(handler.send_error(400) or True)
        with pytest.raises(RegistryError, match="400"):
            HOOK.register(Rest(mlflow.uri))


def test_workers_share_one_secret_that_nobody_else_reads(tmp_path):
    """Workers that start together end up with one secret, in a file of this user alone."""
    file = tmp_path / "models" / "hook-secret"
    found: list[str] = []
    workers = [threading.Thread(target=lambda: found.append(kept_secret(file))) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert len(found[0]) >= 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["hook-secret"]


def test_empty_secret_is_refused(tmp_path):
    """With an empty file anybody could sign: the hook is not used, and the error says why."""
    file = tmp_path / "hook-secret"
    file.touch()
    with pytest.raises(OSError, match="holds no secret: remove it"):
        kept_secret(file)
