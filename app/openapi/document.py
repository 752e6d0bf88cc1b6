"""Makes the OpenAPI document from the routes that the application has, by apispec."""

import re
from collections.abc import Iterator

from apispec import APISpec
from werkzeug.routing import Map

from app.accounts.cookies import SESSION, cookie_name
from app.openapi import accounts, models, predicting, protocols, remembering, watching
from app.openapi.operation import Entry, Json, Now, as_openapi
from app.openapi.schemas import ERROR

ENTRIES: dict[str, Entry] = {
    **predicting.ENTRIES,
    **protocols.ENTRIES,
    **models.ENTRIES,
    **remembering.ENTRIES,
    **accounts.ENTRIES,
    **watching.ENTRIES,
}
"""The description of each operation, by method and path."""

UNDESCRIBED = frozenset({"GET /static/{filename}", "GET /status/chart.js"})
"""Files of the pages: no operations."""

IMPLIED_METHODS = frozenset({"HEAD", "OPTIONS"})
"""Answered by Flask wherever there is a GET or anything at all."""

INFO = {
    "description": "Predictions of the model that is served now: ranges, units and examples here "
    "are its own, and change with it."
}


def document(url_map: Map, now: Now, *, open_to_all: bool, secure: bool) -> Json:
    """Return the document; an operation that nobody described is left out.

    Parameters
    ----------
    open_to_all
        Whether callers that present neither key nor session are let in.
    secure
        Whether callers speak TLS.
    """
    spec = APISpec(title="Predictions", version="1", openapi_version="3.1.0", info=INFO)
    spec.components.schema("Error", ERROR)
    spec.components.security_scheme("key", {"type": "http", "scheme": "bearer"})
    session = {"type": "apiKey", "in": "cookie", "name": cookie_name(SESSION, secure=secure)}
    spec.components.security_scheme("session", session)
    for name in operations(url_map):
        if name in ENTRIES:
            method, path = name.split()
            described = as_openapi(ENTRIES[name](now), open_to_all=open_to_all)
            spec.path(
                path, operations={method.lower(): {"operationId": _identifier(name), **described}}
            )
    made: Json = spec.to_dict()
    return made


def summaries(url_map: Map, now: Now) -> dict[str, str]:
    """Return what each described operation does, by method and path."""
    return {name: ENTRIES[name](now).summary for name in operations(url_map) if name in ENTRIES}


def operations(url_map: Map) -> Iterator[str]:
    """Name each operation of the application by method and path, as `GET /models/{name}`."""
    for rule in sorted(url_map.iter_rules(), key=lambda rule: rule.rule):
        path = re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", rule.rule)
        for method in sorted((rule.methods or set()) - IMPLIED_METHODS):
            yield f"{method} {path}"


def _identifier(name: str) -> str:
    return re.sub(r"\W+", "_", name).strip("_").lower()
