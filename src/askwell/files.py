"""Files that are either whole or absent, whatever happens while they are written."""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from askwell.errors import REMEDIES, UserError

AGAIN = "make room or fix the disk, then start again; resume=true resumes a run"

OF_THE_PLACE = (
    errno.ENAMETOOLONG,
    errno.ENOTDIR,
    errno.EEXIST,
    errno.EISDIR,
    errno.ELOOP,
    errno.ENOLCK,
)
"""Errors with the same remedy for every file."""


def write_whole(path: Path, content: bytes, advice: str = AGAIN) -> None:
    """Replaces `path` in one step and waits until it is on the disk.

    Leaves no temporary file if the write fails.

    A link at `path` is replaced; its target stays as it is. Raises UserError, with `advice`, if the
    disk cannot hold the file.
    """
    part = part_of(path)
    try:
        with told_in_a_line(path, advice):
            path.parent.mkdir(parents=True, exist_ok=True)
            part.unlink(missing_ok=True)
            with part.open("xb") as file:  # never through an existing link
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def append(path: Path, content: bytes) -> None:
    """Adds `content` at the end of `path` and waits until it is on the disk.

    Raises UserError where it does not fit.
    """
    with told_in_a_line(path), path.open("ab") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def part_of(path: Path) -> Path:
    """The file of this process that is to become `path`."""
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def remove_parts(folder: Path) -> None:
    """Removes temporary files of killed writers in `folder` and below; no writer may be at work."""
    for part in folder.rglob(".*.part"):
        part.unlink(missing_ok=True)


@contextmanager
def told_in_a_line(path: Path, advice: str = AGAIN) -> Iterator[None]:
    """Turns an error of the system while `path` is written into a UserError with advice."""
    try:
        yield
    except OSError as error:
        remedy = REMEDIES[error.errno] if error.errno in OF_THE_PLACE else advice
        raise UserError(f"cannot write {path} ({error.strerror or error}): {remedy}") from error


def write_json(path: Path, content: dict[str, Any]) -> None:
    write_whole(path, (json.dumps(content, indent=2) + "\n").encode())
