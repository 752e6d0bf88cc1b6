"""Our Python language host, asked as the engine asks it, and under the real engine."""

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

import grpc
import psutil
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from infra.local.engine import link_engine, link_providers, wanted_version, write_environment
from infra.local.sources import cache_folder

CHECKOUT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-P", "-u", "-m", "infra.local.language_host", "127.0.0.1:1"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(CHECKOUT)}

PROGRAM = """
import sys
import threading
import pulumi
import parts

config = pulumi.Config()
print("printed on", threading.current_thread().name)
match config.get("do"):
    case "refuse":
        from infra.errors import UserError
        raise UserError("port 70000 is none: give one below 65536")
    case "break":
        raise ZeroDivisionError("a fault of the program")
    case "exit":
        sys.exit(3)
    case "wait":
        import time
        time.sleep(600)
thing = parts.Thing("thing", config.get("word") or "hello")
pulumi.export("word", thing.word)
pulumi.export("secret", pulumi.Output.secret("hidden"))
"""
PARTS = """
from pulumi import dynamic

class Provider(dynamic.ResourceProvider):
    def create(self, props):
        from infra.errors import UserError
        return dynamic.CreateResult("id", {"word": props["word"].upper() + UserError.__name__})

    def diff(self, _id, olds, news):
        return dynamic.DiffResult(changes=False)

class Thing(dynamic.Resource):
    word: object

    def __init__(self, name, word):
        super().__init__(Provider(), name, {"word": word})
"""

POLICY_PACK = """
import os
from pulumi_policy import EnforcementLevel, PolicyPack, StackValidationPolicy

def validate(args, report):
    for resource in args.resources:
        if resource.name == "thing" and resource.props["word"] == "shout":
            report("it is loud", resource.urn)

open("pid", "w").write(str(os.getpid()))
quiet = StackValidationPolicy(name="quiet", description="no noise", validate=validate)
PolicyPack(name="manners", enforcement_level=EnforcementLevel.MANDATORY, policies=[quiet])
"""


@pytest.fixture
def host():
    process = subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
    port = int(process.stdout.readline())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield process, language_pb2_grpc.LanguageRuntimeStub(channel)
    process.kill()
    process.communicate()


def test_it_answers_the_engines_first_questions(host):
    """Handshake, version, and the interpreter that programs run in."""
    _, stub = host

    stub.Handshake(language_pb2.LanguageHandshakeRequest(engine_address="127.0.0.1:1"))

    assert stub.GetPluginInfo(Empty()).version == wanted_version()
    assert stub.About(language_pb2.AboutRequest()).executable == sys.executable


def test_it_names_the_providers_that_installed_packages_need(host):
    """The engine learns of `aws` before the program runs, in the package's own version."""
    _, stub = host

    packages = stub.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest()).packages

    named = {(p.name, p.kind, p.version) for p in packages}
    assert ("aws", "resource", f"v{importlib.metadata.version('pulumi-aws')}") in named


def test_installing_says_who_keeps_the_environment(host):
    """`pulumi install` changes no locked environment, and says so."""
    _, stub = host

    said = list(stub.InstallDependencies(language_pb2.InstallDependenciesRequest()))

    assert b"make up" in said[0].stdout


def test_cancel_ends_it(host):
    """The engine gets its answer first."""
    process, stub = host

    stub.Cancel(Empty())

    assert process.wait(30) == 0


def test_it_ends_with_its_parent():
    """A killed engine leaves no language host behind."""
    parent = subprocess.Popen(
        ["sh", "-c", '"$@" & wait', "sh", *COMMAND],
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    assert parent.stdout.readline().strip().isdigit()
    (child,) = psutil.Process(parent.pid).children()

    parent.kill()

    assert psutil.wait_procs([child], timeout=30)[1] == []
    parent.communicate()


def cli():
    """Return a CLI that is here already; tests build none."""
    places = [CHECKOUT / ".local" / "bin", cache_folder() / f"pulumi-{wanted_version()}" / "bin"]
    found = [place / "pulumi" for place in places if (place / "pulumi").exists()]
    if not found:
        pytest.skip(f"no Pulumi CLI in {' or '.join(map(str, places))}: `make up` gets one")
    return found[0]


@pytest.fixture
def pulumi(tmp_path):
    """The real engine with a program of two files, in a folder with a blank in its name."""
    local, folder = tmp_path / "a checkout" / ".local", tmp_path / "a program"
    for made in (local / "bin", local / "state", local / "pulumi-home" / "plugins", folder):
        made.mkdir(parents=True)
    (tmp_path / "a checkout" / "infra").symlink_to(CHECKOUT / "infra")
    (tmp_path / "a checkout" / ".venv").symlink_to(sys.prefix)
    # The CLI alone, without what may lie beside it: the host under test is ours.
    lone = tmp_path / "cli" / "pulumi"
    lone.parent.mkdir()
    lone.symlink_to(cli())
    if (lone.resolve().parent / "pulumi-language-python").exists():
        lone.unlink()
        lone.write_bytes(cli().read_bytes())
        lone.chmod(0o755)
    link_engine(lone, local / "bin", local.parent)
    # Without it the engine would look for the provider on the network.
    link_providers(local, local.parent)
    write_environment(local)
    (folder / "Pulumi.yaml").write_text("name: scratch\nruntime: python\n")
    (folder / "__main__.py").write_text(PROGRAM)
    (folder / "parts.py").write_text(PARTS)

    def run(*arguments):
        script = '. "$0" && exec pulumi --non-interactive "$@"'
        return subprocess.run(
            ["sh", "-c", script, str(local / "env"), *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )

    assert run("stack", "init", "local").returncode == 0
    return run


@pytest.mark.e2e
def test_the_engine_runs_a_program_with_a_dynamic_resource(pulumi):
    """`up` creates, a second one changes nothing, `destroy` removes; no warning on the way."""
    first = pulumi("up", "--yes", "--skip-preview")
    second = pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")
    outputs = pulumi("stack", "output", "--json", "--show-secrets")
    gone = pulumi("destroy", "--yes", "--skip-preview")

    assert first.returncode == 0, first.stdout
    assert "printed on MainThread" in first.stdout
    assert "warning" not in (first.stdout + first.stderr).lower()
    assert "hidden" not in first.stdout
    assert second.returncode == 0, second.stdout
    assert json.loads(outputs.stdout) == {"word": "HELLOUserError", "secret": "hidden"}
    assert gone.returncode == 0, gone.stdout


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("what", "shown", "traced"),
    [
        ("refuse", "error: port 70000 is none: give one below 65536", False),
        ("break", "ZeroDivisionError: a fault of the program", True),
        ("exit", "Program exited with non-zero exit code: 3", False),
    ],
)
def test_an_error_is_shown_as_what_it_is(pulumi, what, shown, traced):
    """Expected faults come without a trace, faults of the program with theirs."""
    pulumi("config", "set", "do", what)

    done = pulumi("up", "--yes", "--skip-preview")

    assert done.returncode != 0
    assert shown in done.stdout
    assert ("Traceback" in done.stdout) is traced
    assert "runpy" not in done.stdout


@pytest.mark.e2e
def test_a_policy_pack_refuses_a_preview(pulumi, tmp_path):
    """Its words are shown, the preview fails, and its process ends with the engine."""
    pack = tmp_path / "a policy pack"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text("runtime: python\nversion: 1.0.0\n")
    (pack / "__main__.py").write_text(POLICY_PACK)

    good = pulumi("preview", "--policy-pack", str(pack))
    pulumi("config", "set", "word", "shout")
    bad = pulumi("preview", "--policy-pack", str(pack))

    assert good.returncode == 0, good.stdout + good.stderr
    assert "manners@v1.0.0" in good.stdout
    assert bad.returncode != 0
    assert "it is loud" in bad.stdout
    pid = int((tmp_path / "a program" / "pid").read_text())
    left = [process for process in psutil.process_iter() if process.pid == pid]
    assert psutil.wait_procs(left, timeout=30)[1] == []
