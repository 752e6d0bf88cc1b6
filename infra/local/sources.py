"""Programs beyond the Python environment: sources in order, each failure named, one cache."""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.errors import UserError
from infra.local.install import cache_folder
from infra.local.progress import Say, run

VERSION_TIMEOUT_S = 60.0
RECORD = ".sha256.json"


class SourceError(Exception):
    """One source can't deliver; the next one is tried."""


@dataclass(frozen=True)
class Source:
    """A place that a program can come from; `fetch` fills an empty folder or raises SourceError."""

    name: str
    fetch: Callable[[Path], None]


@dataclass(frozen=True)
class Program:
    """A program and where its file lies inside the cached folder."""

    name: str
    key: str
    binary: str
    remedy: str
    version_arguments: tuple[str, ...] = ("--version",)


def on_path(names: Sequence[str], own: Path) -> Iterator[Path]:
    """Find programs on PATH under any of their names, leaving out what this project put there.

    Parameters
    ----------
    names
        The names that distributions give the program.
    own
        The `.local` folder, whose links must not be found as if they were the user's.
    """
    refused = (own.absolute(), own.resolve(), cache_folder().resolve())
    for folder in os.get_exec_path():
        for name in names:
            found = shutil.which(name, path=folder)
            if found and not any(
                where.is_relative_to(refusal)
                for where in (Path(found).absolute(), Path(found).resolve())
                for refusal in refused
            ):
                yield Path(found)


def obtain(
    program: Program,
    sources: Sequence[Source],
    say: Say,
    tried: Sequence[str] = (),
    cache: Path | None = None,
) -> Path:
    """Return the cached folder of a program, filled from the first source that delivers.

    Parameters
    ----------
    program
        What is wanted.
    sources
        Where it can come from, best first.
    say
        Tells people about one step.
    tried
        What was looked at before, with the reason why it won't do; named when all fails.
    cache
        Folder of all cached programs; by default the user's.

    Returns
    -------
    pathlib.Path
        A folder whose files are those that were recorded when it was filled.

    Raises
    ------
    UserError
        No source delivers; each is named with its reason.
    """
    cache = cache or cache_folder()
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the cache folder {cache} can't be made: {error}. XDG_CACHE_HOME moves it."
        raise UserError(message) from error
    home = cache / program.key
    with _alone(cache / f"{program.key}.lock", program, say):
        if is_intact(home):
            return home
        if home.exists():
            say(f"{program.name}: the cached copy in {home} is damaged; it is made again")
            shutil.rmtree(home)
        for left in cache.glob(f"{program.key}.new-*"):
            shutil.rmtree(left, ignore_errors=True)
        return _fill(home, program, sources, tried, say)


def _fill(
    home: Path, program: Program, sources: Sequence[Source], tried: Sequence[str], say: Say
) -> Path:
    failures = [f"  - {looked}" for looked in tried]
    for source in sources:
        with tempfile.TemporaryDirectory(dir=home.parent, prefix=f"{home.name}.new-") as made:
            fresh = Path(made) / "content"
            fresh.mkdir()
            say(f"{program.name}: trying {source.name}")
            try:
                source.fetch(fresh)
                check_runs(fresh / program.binary, program.version_arguments)
                record(fresh, program.binary)
                fresh.rename(home)
            except (SourceError, OSError) as error:
                say(f"{program.name}: not from {source.name}: {error}")
                failures.append(f"  - {source.name}: {error}")
            else:
                return home
    listed = "\n".join(failures)
    message = f"{program.name} can't be had from any source:\n{listed}\n{program.remedy}"
    raise UserError(message)


def check_runs(binary: Path, arguments: Sequence[str] = ("--version",)) -> str:
    """Run a program once and return what it says.

    Raises
    ------
    SourceError
        It is not there or does not run on this machine.
    """
    if not binary.is_file():
        message = f"it holds no {binary.name}"
        raise SourceError(message)
    done = run([str(binary), *arguments], timeout_s=VERSION_TIMEOUT_S)
    if done.status:
        message = f"{binary.name} does not run on this machine: {done.end}"
        raise SourceError(message)
    return done.output


def record(home: Path, binary: str) -> None:
    """Write down the digest of a program, for later looks at the cached copy."""
    (home / RECORD).write_text(json.dumps({binary: digest(home / binary)}))


def is_intact(home: Path) -> bool:
    """Tell whether a cached folder still holds what was recorded."""
    try:
        recorded: dict[str, str] = json.loads((home / RECORD).read_text())
        return all(digest(home / name) == known for name, known in recorded.items())
    except (OSError, ValueError, AttributeError):
        return False


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


@contextmanager
def _alone(lock: Path, program: Program, say: Say) -> Iterator[None]:
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{program.name}: waiting for another process that is fetching it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
