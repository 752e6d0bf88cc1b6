"""`.venv` from the locked requirements: when it is made, when it is left alone, what is said."""

import ast
import json
import sys
from pathlib import Path

import pytest

from infra.local import install as module
from infra.local.install import DEV, PRODUCT, InstallError, install, obtain_uv


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout and a PATH whose uv notes its calls and makes the environments it is told to."""
    folder = tmp_path / "a checkout"
    folder.mkdir()
    (folder / PRODUCT).write_text("product\n")
    (folder / DEV).write_text("product\ndev\n")
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def uv(tmp_path, program, checkout):
    log = tmp_path / "uv.log"
    program(
        tmp_path / "path" / "uv",
        f'[ "$1" = --version ] && {{ echo "uv 0.9.1"; exit; }}; echo "$*" >> "{log}"',
        'for last in "$@"; do :; done',
        f'[ "$1" = venv ] && mkdir -p "$last/bin" && ln -s "{sys.executable}" "$last/bin/python"',
        f'if [ "$1" = pip ]; then [ ! -f "{checkout}/refuse" ]; fi',
    )
    log.touch()
    return log


def calls(log):
    return [line for line in log.read_text().splitlines() if line.startswith("pip")]


def test_a_second_install_does_nothing(checkout, uv):
    """An intact environment needs neither uv nor network."""
    install(checkout, PRODUCT)
    before = uv.read_text()

    install(checkout, PRODUCT)

    assert uv.read_text() == before


def test_hashes_are_enforced(checkout, uv):
    """No package comes in that is not the locked one."""
    install(checkout, PRODUCT)

    (call,) = calls(uv)
    assert "--require-hashes" in call
    assert call.endswith(str(checkout / PRODUCT))


def test_a_changed_lock_is_installed(checkout, uv):
    """After a pull the environment follows."""
    install(checkout, PRODUCT)
    (checkout / PRODUCT).write_text("product, newer\n")

    install(checkout, PRODUCT)

    assert len(calls(uv)) == 2


def test_an_install_for_development_is_enough_for_the_product(checkout, uv):
    """`make up` after `make test` installs nothing."""
    install(checkout, DEV)

    install(checkout, PRODUCT)

    assert len(calls(uv)) == 1


def test_development_stays_when_the_products_lock_changes(checkout, uv):
    """`make up` does not take a developer's tools away."""
    install(checkout, DEV)
    (checkout / PRODUCT).write_text("product, newer\n")

    install(checkout, PRODUCT)

    assert calls(uv)[-1].endswith(DEV)


def test_a_failed_install_is_done_again(checkout, uv):
    """What was half finished is never taken for finished."""
    (checkout / "refuse").touch()
    with pytest.raises(InstallError, match=r"requirements\.txt could not be installed"):
        install(checkout, PRODUCT)
    (checkout / "refuse").unlink()

    install(checkout, PRODUCT)

    assert len(calls(uv)) == 2
    assert json.loads((checkout / ".venv" / "installed.json").read_text())


def test_an_environment_whose_python_is_gone_is_made_anew(checkout, uv):
    """A removed or upgraded Python leaves links that lead nowhere."""
    install(checkout, PRODUCT)
    python = checkout / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python")

    install(checkout, PRODUCT)

    assert python.exists()
    assert len(calls(uv)) == 2


def test_a_moved_checkout_gets_a_new_environment(checkout, uv):
    """The scripts of an environment name the folder that it was made in."""
    install(checkout, PRODUCT)
    moved = checkout.rename(checkout.with_name("moved"))

    install(moved, PRODUCT)

    assert len(calls(uv)) == 2
    assert f"venv --quiet --python {sys.executable} {moved}/.venv" in uv.read_text()


def test_without_uv_every_way_of_getting_it_is_named(tmp_path, checkout, monkeypatch, program):
    """The message says what to install, for a Debian without python3-venv."""
    broken = program(tmp_path / "python3", "echo 'No module named ensurepip' >&2", "exit 1")
    monkeypatch.setattr(sys, "executable", str(broken))

    with pytest.raises(InstallError) as refused:
        obtain_uv(tmp_path / "cache")

    for part in ("uv on PATH: there is none", "-m venv: No module", "-m pip: No", "python3-venv"):
        assert part in str(refused.value)
    assert list((tmp_path / "cache").iterdir()) == []
    assert checkout.exists()


def test_an_incomplete_clone_is_said(checkout):
    """A missing lock file is named."""
    (checkout / PRODUCT).unlink()

    with pytest.raises(InstallError, match=r"requirements\.txt can't be read"):
        install(checkout, PRODUCT)


def test_an_older_python_can_read_the_file_to_refuse_it():
    """Syntax that Python 3.8 does not know would hide the message about the version."""
    ast.parse(Path(module.__file__).read_text(), feature_version=(3, 8))
