"""Short names for what things are made of, so that a change is noticed."""

import os
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from askwell.errors import UserError


def digest(*parts: object) -> str:
    """32 hexadecimal digits that change with any of the parts, taken as text."""
    return sha256("\0".join(map(str, parts)).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def digest_files(files: Iterable[Path | str]) -> str:
    """Changes with the paths below their common folder, the sizes and the times of the files, which are not read."""
    paths = [os.fspath(file) for file in files]
    root = len(os.path.commonpath([min(paths), max(paths)])) if len(paths) > 1 else 0
    return digest(*(_state(path, path[root:]) for path in paths))


def _state(file: str, name: str) -> str:
    try:
        status = os.stat(file)
    except OSError as error:
        raise UserError(f"cannot find {file} ({error.strerror}): put it back, or start again without it") from error
    return f"{name}\0{status.st_size}\0{status.st_mtime_ns}"
