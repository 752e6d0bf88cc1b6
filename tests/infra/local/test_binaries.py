"""Prometheus, node exporter and Grafana: from PATH, a release, Debian, or said to be missing."""

import hashlib
import subprocess
import tarfile

import pytest

from infra.errors import UserError
from infra.local.binaries import GRAFANA, REQUIRED, DebianPackages, Origins, install_binaries
from infra.local.releases import go_architecture
from infra.local.sources import SourceError


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine that has the standard tools, no apt, and an empty cache."""
    folder = tmp_path / "path"
    folder.mkdir()
    for name in ("sh", "tar", "gzip", "cat", "dirname"):
        (folder / name).symlink_to(f"/usr/bin/{name}")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def local(tmp_path):
    folder = tmp_path / "with space" / ".local"
    folder.mkdir(parents=True)
    return folder


def publish(web, program, folder, tarball, name):
    """Publish a made release; its program says what it was called with."""
    program(web.folder / "tree" / name, 'echo "$0" "$@"')
    place = web.folder / folder
    place.mkdir(parents=True, exist_ok=True)
    with tarfile.open(place / tarball, "w:gz") as archive:
        archive.add(web.folder / "tree", "top")
    (web.folder / "tree" / name).unlink()
    return hashlib.sha256((place / tarball).read_bytes()).hexdigest()


def publish_required(web, program):
    for name, _, version in REQUIRED:
        tarball = f"{name}-{version}.linux-{go_architecture()}.tar.gz"
        folder = f"{name}/releases/download/v{version}"
        digest = publish(web, program, folder, tarball, name)
        (web.folder / folder / "sha256sums.txt").write_text(f"{digest}  {tarball}\n")


def silent(_text):
    pass


def origins(web):
    return Origins(web.url, f"{web.url}/grafana")


def test_installed_programs_are_linked_under_the_release_names(machine, local, program, web):
    """Debian calls the node exporter otherwise; the services need not know."""
    program(machine / "prometheus", "echo 2.42")
    program(machine / "prometheus-node-exporter", "echo 1.5")
    program(machine / "prometheus-alertmanager", "echo 0.25")

    install_binaries(local, silent, origins(web))

    assert (local / "bin" / "node_exporter").resolve() == machine / "prometheus-node-exporter"
    assert (local / "bin" / "prometheus").resolve() == machine / "prometheus"


@pytest.mark.usefixtures("machine")
def test_the_release_serves_a_machine_without_them(local, program, web):
    """What was fetched runs, and a second call fetches nothing."""
    publish_required(web, program)
    install_binaries(local, silent, origins(web))
    said = []

    install_binaries(local, said.append, origins(web))

    assert subprocess.check_output([local / "bin" / "prometheus", "--version"])
    assert not any("prometheus: trying" in text for text in said)


@pytest.mark.usefixtures("machine")
def test_no_source_at_all_names_every_one(local, web):
    """The error says what was tried and which package to install."""
    with pytest.raises(UserError) as refused:
        install_binaries(local, silent, origins(web))

    for part in ("PATH", "official release", "no Debian or Ubuntu", "apt-get install prometheus"):
        assert part in str(refused.value)


@pytest.mark.usefixtures("machine")
def test_a_missing_grafana_is_a_note(local, program, web):
    """Everything else is installed; the sentence says how to add it."""
    publish_required(web, program)

    (note,) = install_binaries(local, silent, origins(web))

    assert "Grafana" in note
    assert "To add it" in note
    assert not (local / "bin" / "grafana").exists()


@pytest.mark.usefixtures("machine")
def test_grafanas_server_is_told_its_home(local, program, web):
    """Only `server` takes the option; other commands pass through as they are."""
    publish_required(web, program)
    tarball = f"grafana-{GRAFANA}.linux-{go_architecture()}.tar.gz"
    digest = publish(web, program, "grafana", tarball, "bin/grafana")
    (web.folder / "grafana" / f"{tarball}.sha256").write_text(digest)

    assert install_binaries(local, silent, origins(web)) == []

    script = local / "bin" / "grafana"
    served = subprocess.check_output([script, "server", "--config", "a b"], text=True)
    assert "server --homepath=" in served
    assert served.strip().endswith("--config a b")
    assert "--homepath" not in subprocess.check_output([script, "--version"], text=True)


def test_empty_package_lists_are_fetched_into_our_own_folder(machine, program, tmp_path):
    """A machine where apt was never updated still gets the package, without root."""
    program(
        machine / "apt-get",
        # It knows the package only where lists were fetched to a folder of ours.
        'for word in "$@"; do case "$word" in',
        'Dir::State=*cache/pulumi-mlops*) own="${word#Dir::State=}" ;; esac; done',
        'case "$*" in',
        '*update) : > "$own/updated" ;;',
        '*) [ -n "$own" ] && [ -f "$own/updated" ] || { echo "E: Unable to locate"; exit 100; }',
        "   : > tool.deb ;;",
        "esac",
    )
    (machine / "mkdir").symlink_to("/usr/bin/mkdir")
    program(machine / "dpkg", 'mkdir -p "$3/usr/bin"; echo fake > "$3/usr/bin/tool"')
    target = tmp_path / "target"
    target.mkdir()

    DebianPackages().fetch("tool", "renamed", target)

    assert (target / "renamed").read_text() == "fake\n"


def test_apts_own_words_are_the_reason(machine, program, tmp_path):
    """What apt says about the failure reaches the user."""
    program(machine / "apt-get", "echo 'E: no route to the mirror'", "exit 100")
    program(machine / "dpkg")
    target = tmp_path / "target"
    target.mkdir()

    with pytest.raises(SourceError, match="no route to the mirror"):
        DebianPackages().fetch("tool", "tool", target)
