"""Short names for what things are and where they lie, so that a change is noticed."""

import os
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

from askwell.errors import UserError


def digest(*parts: object) -> str:
    """32 hexadecimal digits that change with any of the parts, taken as text."""
    return sha256("\0".join(map(str, parts)).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def digest_images(labels: np.ndarray, shape: Sequence[int], pixels: Iterable[np.ndarray]) -> str:
    """32 hexadecimal digits of what N images are, wherever they lie: labels [N], shape (H, W, C), and uint8 pixels.

    `pixels` are the images, or blocks of several, in their order.
    """
    content = sha256(np.asarray(labels, np.int64).tobytes() + str(tuple(shape)).encode())
    for block in pixels:
        content.update(np.ascontiguousarray(block, np.uint8).data)
    return content.hexdigest()[:32]


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
