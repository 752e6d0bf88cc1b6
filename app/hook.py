"""MLflow's webhook: asks MLflow to tell when an alias moves, and knows whether it is MLflow."""

import base64
import fcntl
import hashlib
import hmac
import logging
import os
import secrets
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from werkzeug.datastructures import Headers

from app.caller import RefusedError
from app.rest import RegistryError, Rest

log = logging.getLogger(__name__)

SIGNATURE = "X-MLflow-Signature"
TIMESTAMP = "X-MLflow-Timestamp"
DELIVERY_ID = "X-MLflow-Delivery-Id"
# MLflow signs once and then tries for up to a minute; the rest is for clocks that disagree.
FRESH_S = 300.0
NAME = "xgboost-api"
EVENTS = [{"entity": "MODEL_VERSION_ALIAS", "action": action} for action in ("CREATED", "DELETED")]
SECRET_LENGTH = 32
# A server that lost its database has lost the webhook too.
RENEW_S = 300.0


@dataclass(frozen=True)
class Hook:
    """What MLflow calls: where, and the secret that it signs with."""

    url: str
    secret: str

    def check(self, headers: Headers, body: bytes, now: float) -> None:
        """Let through what MLflow signed just now.

        The signature is the base64 of an HMAC-SHA256 over delivery id, timestamp and body, joined
        by full stops: `mlflow.webhooks.delivery` in MLflow 3.17.

        Raises
        ------
        RefusedError
            It is not signed with the secret, or is older than five minutes.
        """
        timestamp, delivery = headers.get(TIMESTAMP, ""), headers.get(DELIVERY_ID, "")
        signed = f"{delivery}.{timestamp}.".encode() + body
        digest = hmac.new(self.secret.encode(), signed, hashlib.sha256).digest()
        expected = b"v1," + base64.b64encode(digest)
        if not hmac.compare_digest(headers.get(SIGNATURE, "").encode(), expected):
            raise RefusedError(HTTPStatus.UNAUTHORIZED, f"{SIGNATURE} is not MLflow's")
        # It was signed by MLflow, and so is a number.
        if abs(now - int(timestamp)) > FRESH_S:
            message = f"{TIMESTAMP} {timestamp} is more than {FRESH_S:g} s away from now"
            raise RefusedError(HTTPStatus.UNAUTHORIZED, message)

    def register(self, rest: Rest) -> None:
        """Make MLflow call this hook, once: one that has this URL is given the secret anew.

        Raises
        ------
        RegistryError
            MLflow does not answer, or takes no such hook.
        """
        ours = [hook["webhook_id"] for hook in _listed(rest) if hook.get("url") == self.url]
        fields = {"name": NAME, "url": self.url, "secret": self.secret, "events": EVENTS}
        if ours:
            rest.send("PATCH", f"/webhooks/{ours[0]}", {**fields, "status": "ACTIVE"})
        else:
            rest.send("POST", "/webhooks", fields)
        # Two machines that began at the same moment may have made one each.
        for extra in ours[1:]:
            rest.send("DELETE", f"/webhooks/{extra}", {})

    def keep_registered(self, rest: Rest, lock: Path) -> None:
        """Register in a background thread, now and every five minutes.

        The workers do so one after another, each holding the lock file: or each would make one.
        """
        threading.Thread(target=self._keep, args=(rest, lock), name="hook", daemon=True).start()

    def _keep(self, rest: Rest, lock: Path) -> None:
        told = None
        while True:
            try:
                with lock.open() as held:
                    fcntl.flock(held, fcntl.LOCK_EX)
                    self.register(rest)
                told = None
            # Whatever it is, polling goes on without a hook.
            except Exception as error:  # noqa: BLE001
                if told != str(error):
                    told = str(error)
                    log.warning("no webhook, polling alone: %s", told)
            time.sleep(RENEW_S if told is None else RENEW_S / 10)


def kept_secret(file: Path) -> str:
    """Return the secret in a file, which is made when there is none.

    Raises
    ------
    OSError
        It cannot be read, or not be made.
    """
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place, made = tempfile.mkstemp(dir=file.parent)
        try:
            with os.fdopen(place, "w") as new:
                new.write(secrets.token_urlsafe(SECRET_LENGTH))
            # Of two workers one is first; a link never replaces what the other has read.
            with suppress(FileExistsError):
                os.link(made, file)
        finally:
            Path(made).unlink()
    secret = file.read_text()
    if len(secret) < SECRET_LENGTH:
        # With an empty one anybody could sign.
        message = f"{file} holds no secret: remove it, and another one is made"
        raise OSError(message)
    return secret


def _listed(rest: Rest) -> list[dict[str, Any]]:
    try:
        return list(rest.get("/webhooks", max_results="100").get("webhooks", []))
    except (AttributeError, TypeError) as error:
        message = f"{rest.uri} did not answer with a list of webhooks"
        raise RegistryError(message) from error
