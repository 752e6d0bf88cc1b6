"""Files that are put in place in one step: a reader sees the old one or the new one."""

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def replace(path: Path, make: Callable[[Path], None]) -> None:
    """Make a file under another name and move it into place.

    Parameters
    ----------
    path
        Where it belongs; what is there goes.
    make
        Makes it at the path that it is given.
    """
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    try:
        make(new)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def write(path: Path, text: str, mode: int) -> None:
    """Write a text unless it is there already; nobody sees it with a wider mode."""

    def make(new: Path) -> None:
        new.touch(mode)
        new.chmod(mode)
        new.write_text(text)

    if path.is_symlink() or not path.exists() or path.read_text() != text:
        replace(path, make)


def link(path: Path, target: Path) -> None:
    """Make a symbolic link to a program, at its real place."""
    real = target.resolve()
    if not path.is_symlink() or path.readlink() != real:
        replace(path, lambda new: new.symlink_to(real))


def write_script(path: Path, variables: Mapping[str, Path], command: Sequence[Path | str]) -> None:
    """Write an executable that becomes another command, with variables set.

    Parameters
    ----------
    path
        Where it belongs.
    variables
        What to export first.
    command
        Program and first arguments; the script's own arguments follow.
    """
    settings = "".join(f"export {k}={shlex.quote(str(v))}\n" for k, v in variables.items())
    words = " ".join(shlex.quote(str(word)) for word in command)
    write(path, f'#!/bin/sh\n{settings}exec {words} "$@"\n', 0o755)
