"""The engine's place in `.local`: which CLI, what lies beside it, what `source` sets."""

import os
import stat
import subprocess

import pytest

from infra.local.engine import (
    find_engine,
    is_compatible,
    link_engine,
    link_providers,
    wanted_version,
    write_environment,
)
from infra.local.sources import cache_folder, record


@pytest.fixture
def local(tmp_path):
    folder = tmp_path / "it's a checkout" / ".local"
    for name in ("bin", "state", "pulumi-home/plugins"):
        (folder / name).mkdir(parents=True)
    return folder


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine whose PATH and cache are ours."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "path"


def silent(_text):
    pass


def sourced(local, script, shell="sh", **variables):
    done = subprocess.run(
        [shell, "-c", f'. "$1/env"; {script}', shell, str(local)],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"], **variables},
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ("v3.259.0", True),
        ("3.260.1", True),
        ("v3.258.9", False),
        ("v4.0.0", False),
        ("v2.300.0", False),
        ("nonsense", False),
    ],
)
def test_a_cli_serves_if_it_is_of_the_same_major_and_no_older(found, verdict):
    """Pulumi's own rule decides which CLI may run this SDK's programs."""
    assert is_compatible(found, "3.259.0") is verdict


def test_the_users_own_cli_comes_first(machine, local, program):
    """A compatible `pulumi` on PATH is taken without any fetching."""
    program(machine / "pulumi", f"echo v{wanted_version()}")

    assert find_engine(local, silent) == machine / "pulumi"


def test_an_old_cli_on_path_gives_way_to_the_cached_one(machine, local, program):
    """The user's older installation is left alone and not used."""
    program(machine / "pulumi", "echo v3.1.0")
    cached = cache_folder() / f"pulumi-{wanted_version()}"
    program(cached / "bin" / "pulumi", f"echo v{wanted_version()}")
    record(cached, "bin/pulumi")

    assert find_engine(local, silent) == cached / "bin" / "pulumi"


def test_a_release_keeps_its_own_language_host(tmp_path, local, program):
    """The link leads to the release's folder, where the engine finds its plugins."""
    cli = program(tmp_path / "release" / "pulumi")
    program(tmp_path / "release" / "pulumi-language-python")
    program(local / "bin" / "pulumi-language-python", "echo left from before")

    link_engine(cli, local / "bin", local.parent)

    assert (local / "bin" / "pulumi").resolve() == cli
    assert not (local / "bin" / "pulumi-language-python").exists()


def test_a_built_cli_gets_ours_beside_it(tmp_path, local, program):
    """The engine looks beside the file that runs: it must lie in the same folder."""
    cli = program(tmp_path / "built" / "pulumi", "echo built")

    link_engine(cli, local / "bin", local.parent)

    assert not (local / "bin" / "pulumi").is_symlink()
    for name in ("pulumi", "pulumi-language-python", "pulumi-resource-pulumi-python"):
        assert os.access(local / "bin" / name, os.X_OK)


def test_linking_twice_changes_nothing(tmp_path, local, program):
    """A second `make up` rewrites no file."""
    cli = program(tmp_path / "built" / "pulumi")
    link_engine(cli, local / "bin", local.parent)
    before = {p: p.stat().st_mtime_ns for p in (local / "bin").iterdir()}

    link_engine(cli, local / "bin", local.parent)

    assert {p: p.stat().st_mtime_ns for p in (local / "bin").iterdir()} == before


def test_the_provider_starts_with_this_checkout(local, program):
    """Its script passes on its arguments and where the checkout is, blanks and quotes included."""
    program(local.parent / ".venv" / "bin" / "python", 'echo "$PULUMI_MLOPS_LOCAL_DIR|$*"')
    link_providers(local, local.parent)
    (script,) = (local / "pulumi-home" / "plugins").glob("resource-aws-v*/pulumi-resource-aws")

    said = subprocess.check_output([script, "127.0.0.1:1"], text=True).strip()

    assert said == f"{local}|-P -m infra.local.orphans infra.local.provider 127.0.0.1:1"


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_environment_points_at_this_checkout(local, shell):
    """One line gives the literal commands their CLI, home, state and passphrase."""
    write_environment(local)

    said = sourced(local, 'printf "%s\n" "$PULUMI_HOME" "$PULUMI_CONFIG_PASSPHRASE_FILE"', shell)

    assert said.splitlines() == [str(local / "pulumi-home"), str(local / "passphrase")]
    url = sourced(local, 'echo "$PULUMI_BACKEND_URL"', shell)
    assert url.startswith("file:///")
    assert " " not in url
    assert sourced(local, 'echo "${PATH%%:*}"', shell) == str(local / "bin")


def test_sourcing_twice_adds_nothing(local):
    """PATH does not grow with every use."""
    write_environment(local)

    once = sourced(local, 'echo "$PATH"')
    twice = sourced(local, '. "$1/env"; echo "$PATH"')

    assert once == twice


def test_what_would_win_over_the_file_is_unset(local):
    """A passphrase or stack from elsewhere does not reach this stack."""
    write_environment(local)

    said = sourced(
        local,
        'echo "${PULUMI_CONFIG_PASSPHRASE-none} ${PULUMI_STACK-none}"',
        PULUMI_CONFIG_PASSPHRASE="other",
        PULUMI_STACK="dev",
    )

    assert said == "none none"


def test_the_passphrase_is_made_once_for_its_owner(local):
    """Another one would make the stack's secrets unreadable."""
    write_environment(local)
    first = (local / "passphrase").read_text()
    write_environment(local)

    assert (local / "passphrase").read_text() == first
    assert stat.S_IMODE((local / "passphrase").stat().st_mode) == 0o600
    assert len(first.strip()) >= 40


def test_the_language_hosts_script_runs_our_module(tmp_path, local, program):
    """Blanks and quotes in the checkout's path reach Python whole."""
    program(local.parent / ".venv" / "bin" / "python", 'echo "$PYTHONPATH|$*"')
    link_engine(program(tmp_path / "built" / "pulumi"), local / "bin", local.parent)

    said = subprocess.check_output([local / "bin" / "pulumi-language-python", "x"], text=True)

    assert said.strip() == f"{local.parent}|-P -u -m infra.local.language_host x"
