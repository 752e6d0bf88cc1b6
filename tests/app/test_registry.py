"""The registry over HTTP: what is asked, and that every misbehaviour is one kind of error."""

import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from app.registry import ModelVersion, NoChampionError, Registry
from app.rest import RegistryError, Rest, TooLargeError
from tests.app.mlflow_server import FakeMlflow, running

TIMEOUT_S = 0.5


@pytest.fixture
def server() -> Iterator[FakeMlflow]:
    with running() as fake:
        yield fake


@pytest.fixture
def registry(server) -> Registry:
    return Registry(Rest(server.uri, TIMEOUT_S))


def version(name: str, number: str) -> ModelVersion:
    source = f"mlflow-artifacts:/{name}/{number}"
    return ModelVersion(name, number, f"run{number}", source, f"hash{number}")


def test_champions_are_all_models_with_the_alias(server, registry):
    """Every model with the alias is found, over all pages of the answer, and no other."""
    server.page = 2
    server.aliases = {
        "a": {"champion": "3", "previous": "2"},
        "b": {"previous": "1"},
        "c": {},
        "d e": {"champion": "1"},
        "f": {"champion": "2"},
    }
    found = registry.champions("champion")
    assert found == {
        "a": version("a", "3"),
        "d e": version("d e", "1"),
        "f": version("f", "2"),
    }


def test_version_is_asked_for_once(server, registry):
    """A poll of an unchanged registry is one question, however many models there are."""
    server.aliases = {"a": {"champion": "1"}, "b": {"champion": "1"}}
    registry.champions("champion")
    server.asked.clear()
    registry.champions("champion")
    assert server.asked == ["GET /registered-models/search"]
    server.aliases["a"]["champion"] = "2"
    assert registry.champions("champion")["a"] == version("a", "2")
    assert server.asked[1:] == ["GET /registered-models/search", "GET /model-versions/get"]


def test_empty_registry_has_no_champions(registry):
    """No model yet is no error, and an alias that is not there is one of its own kind."""
    assert registry.champions("champion") == {}
    with pytest.raises(NoChampionError, match="no version of a in the registry carries the alias"):
        registry.version_by_alias("a", "previous")


@pytest.mark.parametrize(
    ("before", "after", "replaced"),
    [
        ({"champion": "2", "previous": "1"}, {"champion": "1", "previous": "2"}, "2"),
        ({"previous": "1"}, {"champion": "1", "previous": "1"}, None),
    ],
)
def test_moved_champion_becomes_previous(before, after, replaced, server, registry):
    """The aliases swap, as training's own rollback swaps them."""
    server.aliases = {"a": dict(before)}
    assert registry.move_champion("a", "1", "champion") == replaced
    assert server.aliases["a"] == after


@pytest.mark.parametrize("before", [{"champion": "2", "previous": "1"}, {"champion": "2"}], ids=str)
def test_champion_that_cannot_be_moved_leaves_the_way_back(before, server, registry):
    """When the second of the two moves fails, the first is undone."""
    posts = []

    def refuse_the_second(handler: BaseHTTPRequestHandler) -> bool:
        posts.extend([handler.path] if handler.command == "POST" else [])
        if handler.command == "POST" and len(posts) == 2:
            handler.send_error(500)
            return True
        return False

    server.aliases = {"a": dict(before)}
    server.misbehave = refuse_the_second
    with pytest.raises(RegistryError, match="500"):
        registry.move_champion("a", "1", "champion")
    assert server.aliases["a"] == before


def hangs(server: FakeMlflow, _handler: BaseHTTPRequestHandler) -> bool:
    return server.ended.wait(10)


def trickles(server: FakeMlflow, handler: BaseHTTPRequestHandler) -> bool:
    handler.send_response(200)
    handler.end_headers()
    while not server.ended.wait(TIMEOUT_S / 5):
        handler.wfile.write(b" ")
    return True


def ends_early(_server: FakeMlflow, handler: BaseHTTPRequestHandler) -> bool:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"registered_models": [')
    return True


def says_nothing(_server: FakeMlflow, handler: BaseHTTPRequestHandler) -> bool:
    handler.connection.shutdown(socket.SHUT_RDWR)
    return True


def speaks_no_http(_server: FakeMlflow, handler: BaseHTTPRequestHandler) -> bool:
    handler.wfile.write(b"220 mail.example ESMTP\r\n")
    return True


MISBEHAVIOURS = (hangs, trickles, ends_early, says_nothing, speaks_no_http)


@pytest.mark.parametrize("how", MISBEHAVIOURS, ids=lambda how: how.__name__)
def test_server_that_misbehaves_is_an_error_in_time(how, server, registry):
    """A server that hangs, trickles or breaks off: one error that names it, within seconds."""
    server.misbehave = lambda handler: how(server, handler)
    started = time.monotonic()
    with pytest.raises(RegistryError, match=server.uri):
        registry.champions("champion")
    with pytest.raises(RegistryError, match=server.uri):
        registry.version_by_alias("a", "champion")
    assert time.monotonic() - started < 10 * TIMEOUT_S


def saying(text: bytes):
    def says(handler: BaseHTTPRequestHandler) -> bool:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(text)
        return True

    return says


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<html>It works!</html>",
        b"3",
        b"[]",
        b"null",
        b'{"registered_models": 3}',
        b'{"registered_models": [3]}',
        b'{"registered_models": [{"aliases": [{"alias": "champion", "version": "1"}]}]}',
        b"\xff\xfe",
    ],
)
def test_garbage_is_an_error(text, server, registry):
    """Whatever else than a registry's answer comes, it is an error and no champion."""
    server.misbehave = saying(text)
    with pytest.raises(RegistryError):
        registry.champions("champion")
    with pytest.raises(RegistryError):
        registry.version_by_alias("a", "champion")


def test_slow_answer_is_waited_for(server, registry):
    """An answer within the timeout is an answer."""
    server.aliases = {"a": {"champion": "1"}}
    server.misbehave = lambda _handler: server.ended.wait(TIMEOUT_S / 2)
    assert registry.champions("champion") == {"a": version("a", "1")}


def test_file_comes_whole_or_not_at_all(server, registry):
    """A file is fetched up to the limit; one that breaks off is an error, not half a file."""
    server.files["a/1/model.ubj"] = bytes(200_000)
    assert registry.file(version("a", "1"), "model.ubj", 200_000) == bytes(200_000)
    with pytest.raises(TooLargeError):
        registry.file(version("a", "1"), "model.ubj", 199_999)
    with pytest.raises(RegistryError, match="404"):
        registry.file(version("a", "1"), "other", 10)
    server.misbehave = lambda handler: ends_early(server, handler)
    with pytest.raises(RegistryError, match="ended after 23 of 1,000 bytes"):
        registry.file(version("a", "1"), "model.ubj", 200_000)


def test_artifacts_elsewhere_are_named(registry):
    """A version whose files the server does not hand out says how to start the server."""
    elsewhere = ModelVersion("a", "1", "", "s3://bucket/model")
    with pytest.raises(RegistryError, match="--artifacts-destination"):
        registry.file(elsewhere, "MLmodel", 10)


def test_registry_that_is_gone_is_named():
    """An address where nothing listens is an error that names it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        uri = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(RegistryError, match=f"{uri} is not reachable"):
        Registry(Rest(uri)).champions("champion")
