"""The plugin as the engine starts it: a process that prints its port and answers gRPC."""

import subprocess
import sys

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc


@pytest.fixture
def plugin():
    """A running plugin and its stub."""
    with subprocess.Popen(
        [sys.executable, "-m", "infra.local.provider", "127.0.0.1:1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield process, provider_pb2_grpc.ResourceProviderStub(channel)
        process.terminate()
        process.wait(10)


def test_faults_are_sentences(plugin):
    """No exception's class, no stack trace: neither in the answer nor in the log."""
    process, stub = plugin
    urn = "urn:pulumi:t::p::aws:sqs/queue:Queue::jobs"
    with pytest.raises(grpc.RpcError) as caught:
        stub.Check(provider_pb2.CheckRequest(urn=urn))
    told = "resource type aws:sqs/queue:Queue is not covered by the embedded AWS provider"
    assert caught.value.details() == told
    process.terminate()
    assert b"Traceback" not in process.stderr.read()


def test_it_tells_the_version_of_the_schemas(plugin):
    """The engine looks for the plugin by it."""
    _, stub = plugin
    assert stub.GetPluginInfo(empty_pb2.Empty()).version == "7.51.1"


def test_without_an_engine_it_says_how_it_is_run():
    """Somebody may try it by hand."""
    done = subprocess.run(
        [sys.executable, "-m", "infra.local.provider"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "usage" in done.stderr
