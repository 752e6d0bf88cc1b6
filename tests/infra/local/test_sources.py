"""Sources in order, failures named, a cache that holds what was recorded."""

import threading

import pytest

from infra.errors import UserError
from infra.local.sources import Program, Source, SourceError, obtain, on_path

GREETER = Program("greeter", "greeter-1", "bin/greeter", "Install greeter.")


def delivers(text="#!/bin/sh\necho 1.0\n", asked=None):
    def fetch(target):
        if asked is not None:
            asked.append(target)
        (target / "bin").mkdir()
        (target / "bin" / "greeter").write_text(text)
        (target / "bin" / "greeter").chmod(0o755)

    return Source("a good one", fetch)


def fails(name, reason):
    def fetch(target):
        (target / "half").write_text("written before it failed")
        raise SourceError(reason)

    return Source(name, fetch)


def silent(_text):
    pass


def test_the_first_source_that_delivers_is_taken(tmp_path):
    """A failing source is passed over, and the one after a good one is never asked."""
    later = []

    found = obtain(
        GREETER, [fails("a", "down"), delivers(), delivers(asked=later)], silent, cache=tmp_path
    )

    assert (found / "bin" / "greeter").exists()
    assert not (found / "half").exists()
    assert later == []


def test_every_failure_is_named_when_none_delivers(tmp_path):
    """The error names the program, each source with its reason, and what to do."""
    with pytest.raises(UserError) as refused:
        obtain(
            GREETER,
            [fails("the release", "no network"), fails("a build", "no compiler")],
            silent,
            ["PATH: it is too old"],
            tmp_path,
        )

    text = str(refused.value)
    for part in ("greeter", "PATH: it is too old", "the release: no network", "a build: no comp"):
        assert part in text
    assert text.endswith("Install greeter.")


def test_a_failed_attempt_leaves_nothing_in_the_cache(tmp_path):
    """No half-written folder can be taken for a copy later."""
    with pytest.raises(UserError):
        obtain(GREETER, [fails("a", "down")], silent, cache=tmp_path)

    assert [p.name for p in tmp_path.iterdir()] == ["greeter-1.lock"]


def test_a_cached_copy_needs_no_source(tmp_path):
    """What was fetched once is not fetched again."""
    obtain(GREETER, [delivers()], silent, cache=tmp_path)

    assert obtain(GREETER, [], silent, cache=tmp_path) == tmp_path / "greeter-1"


def test_a_damaged_copy_is_made_again(tmp_path):
    """A file that is no longer what was recorded is not trusted."""
    home = obtain(GREETER, [delivers()], silent, cache=tmp_path)
    (home / "bin" / "greeter").write_text("#!/bin/sh\necho changed\n")

    obtain(GREETER, [delivers()], silent, cache=tmp_path)

    assert "1.0" in (home / "bin" / "greeter").read_text()


def test_what_does_not_run_here_is_refused(tmp_path):
    """A program for another machine counts as a failed source, with its own words."""
    broken = delivers("#!/bin/sh\necho wrong machine\nexit 3\n")

    with pytest.raises(UserError, match="does not run on this machine: wrong machine"):
        obtain(GREETER, [broken], silent, cache=tmp_path)


def test_two_at_once_fetch_once(tmp_path):
    """The second waits for the first and takes its copy."""
    asked, found = [], []

    def work():
        found.append(obtain(GREETER, [delivers(asked=asked)], silent, cache=tmp_path))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(asked) == 1
    assert set(found) == {tmp_path / "greeter-1"}


def test_our_own_links_are_not_the_users_programs(tmp_path, monkeypatch):
    """With `.local/bin` first on PATH, what lies there is passed over."""
    for folder in ("own/bin", "usr"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "greeter").write_text("#!/bin/sh\n")
        (tmp_path / folder / "greeter").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/own/bin:{tmp_path}/usr")

    assert list(on_path(["greeter"], tmp_path / "own")) == [tmp_path / "usr" / "greeter"]
