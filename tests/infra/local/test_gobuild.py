"""The build of a program from Go modules, with a Go that only notes what it is asked."""

import os

import pytest

from infra.local.gobuild import GO_NEEDED, GoProgram, build_from_modules, find_go, go_version
from infra.local.sources import SourceError

TOOL = GoProgram(
    "the tool", "example.org/tool/cmd", "3.259.0", "example.org/tool/version.Version", "bin/tool", 1
)
NEW_ENOUGH = "go" + ".".join(map(str, GO_NEEDED))


@pytest.fixture
def go(tmp_path, program, monkeypatch):
    """Put a Go on PATH that answers with a version and does what the lines say."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/usr/bin:/bin")

    def put(version, *lines):
        return program(
            tmp_path / "path" / "go",
            f'[ "$1" = env ] && {{ echo "{version}"; exit; }}',
            f'echo "$PWD|$GOFLAGS|$GOTOOLCHAIN|$GOOS|$*" >> "{tmp_path}/go.log"',
            *lines,
        )

    return put


def silent(_text):
    pass


@pytest.mark.parametrize(
    ("said", "version"),
    [("go1.26.8", (1, 26, 8)), ("go1.27", (1, 27, 0)), ("devel", ())],
)
def test_versions_are_read(said, version):
    """What is no version is older than all of them."""
    assert go_version(said) == version


def test_an_old_go_is_passed_over(go):
    """The modules say which Go they need."""
    go("go1.19.8")

    assert find_go() is None


def test_a_build_leaves_the_cli_alone(go, tmp_path, monkeypatch):
    """The user's Go settings don't reach it, and no scratch files stay."""
    go(NEW_ENOUGH, 'if [ "$1" = build ]; then echo cli > "$6"; fi')
    monkeypatch.setenv("GOFLAGS", "-mod=vendor -nonsense")
    monkeypatch.setenv("GOOS", "plan9")
    target = tmp_path / "target"
    (target / "bin").mkdir(parents=True)

    build_from_modules(TOOL, target, silent)

    assert [str(p.relative_to(target)) for p in target.rglob("*")] == ["bin", "bin/tool"]
    log = (tmp_path / "go.log").read_text()
    assert "|-modcacherw|local||get -tool example.org/tool/cmd@v3.259.0" in log
    assert "version.Version=v3.259.0" in log
    assert os.environ["GOFLAGS"] == "-mod=vendor -nonsense"


def test_gos_own_words_are_the_reason(go, tmp_path):
    """A proxy that refuses is named by what Go says."""
    go(NEW_ENOUGH, "echo 'module lookup disabled'", "exit 1")

    with pytest.raises(SourceError, match=r"fetching .* failed: module lookup disabled"):
        build_from_modules(TOOL, tmp_path, silent)
