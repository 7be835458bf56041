"""Short digests of contents and of places, by which a change is noticed."""

import os
from collections.abc import Container, Iterable, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

from askwell.errors import UserError
from askwell.text import visible

SAMPLED = 32  # files of which some bytes are read, at least, where there are as many
READ = 2**16  # bytes of each


def digest(*parts: object) -> str:
    """32 hexadecimal digits that change with any of the parts, taken as text.

    Numbers of an array are parts of their own, `*array`: as text it has three dots in its middle.
    """
    return sha256("\0".join(map(str, parts)).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def digest_images(
    truth: np.ndarray | None, shape: Sequence[int], pixels: Iterable[np.ndarray]
) -> str:
    """32 hexadecimal digits that identify N images wherever they are: truth [N], shape (H, W, C)
    and uint8 pixels.

    `pixels` are the images, or blocks of several, in their order. Without truth the digest is of
    the pixels alone.
    """
    labels = b"" if truth is None else np.asarray(truth, np.int64).tobytes()
    content = sha256(labels + str(tuple(shape)).encode())
    for block in pixels:
        content.update(np.ascontiguousarray(block, np.uint8).data)
    return content.hexdigest()[:32]


def digest_files(files: Iterable[Path | str]) -> str:
    """A digest that changes with the paths below the common folder and with the states of the
    files, few of which are read.

    Two data sets may have equal names, sizes and times, and a file may be overwritten and its time
    set back. No program can set the time of the last change of state (ctime), so it distinguishes
    these; a chmod or a copy costs one more decoding, no more. Some network file systems have no
    such time: a sample of bytes distinguishes whole data sets there. Inode numbers do not count,
    because such systems assign new ones at each mount.
    """
    paths = [os.fspath(file) for file in files]
    root = len(os.path.commonpath([min(paths), max(paths)])) if len(paths) > 1 else 0
    sample = paths[:: max(len(paths) // SAMPLED, 1)]
    try:
        return digest(*(_state(path, path[root:]) for path in paths), *map(_content, sample))
    except OSError as error:
        missing = f"cannot find {visible(str(error.filename))} ({error.strerror})"
        raise UserError(f"{missing}: put it back, or start again without it") from error


def file_stamps(files: Sequence[str], settings: str, missing: Container[int] = ()) -> np.ndarray:
    """A number for each file that changes with its absolute path, its state and `settings`, uint64
    [N]; 0 for the indices `missing`. No file is read.
    """
    return np.array(
        [
            0 if index in missing else int(digest(_state(file, file), settings)[:16], 16)
            for index, file in enumerate(files)
        ],
        np.uint64,
    )


def _state(file: str, name: str) -> str:
    status = os.stat(file)
    return f"{name}\0{status.st_size}\0{status.st_mtime_ns}\0{status.st_ctime_ns}"


def _content(file: str) -> str:
    """A digest of the first bytes of a regular file; reading anything else could wait for ever."""
    if not os.path.isfile(file):
        return ""
    with open(file, "rb") as stream:
        return sha256(stream.read(READ)).hexdigest()
