"""Which files are images: those that the installed Pillow reads by itself, whatever their names."""

import importlib
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import IO

from PIL import Image

PREFIX = 16  # bytes by which Pillow's formats recognise their files

UNREAD = {
    *("EPS", "WMF"),  # drawings: Ghostscript would be run on them, or Windows asked
    *(
        "BUFR",
        "GRIB",
        "HDF5",
        "MPEG",
    ),  # Pillow knows their names, but has nothing that decodes them
    "FITS",  # Pillow ignores how its levels are to be scaled
    "IPTC",  # a wrapper around other formats
}
FLOATS = {".pfm"}
"""Holds floating-point numbers only, which have no white."""


@cache
def extensions() -> frozenset[str]:
    """The extensions of image files, in lower case and with their dot."""
    known = set(_formats())
    return (
        frozenset(end for end, name in Image.registered_extensions().items() if name in known)
        - FLOATS
    )


@contextmanager
def opened(path: str) -> Iterator[Image.Image]:
    """The image in a file, not decoded yet. Raises what Pillow raises, and OSError for anything but
    a regular file.

    Unlike `Image.open` it sets no limit on pixels: the caller judges what decoding would cost, and
    may ask a JPEG to leave out detail first.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError("it is not a regular file")
    with open(path, "rb") as file:
        image = _identified(file, path)
        if image is None:
            raise OSError("it is no image of any known format")
        yield image


def _identified(file: IO[bytes], path: str) -> Image.Image | None:
    prefix = file.read(PREFIX)
    for name in _formats():
        factory, accepts = Image.OPEN[name]
        with suppress(
            SyntaxError, IndexError, TypeError, struct.error
        ):  # as formats say that a file is not theirs
            if (
                accepts is None or accepts(prefix) is True
            ):  # a format that is not built in answers with words
                file.seek(0)
                return factory(file, path)
    return None


@cache
def _formats() -> tuple[str, ...]:
    """Pillow's names of the formats, in the order in which they are tried."""
    Image.init()
    with suppress(ImportError):  # reads .heic where it is installed
        importlib.import_module("pillow_heif").register_heif_opener()
    return tuple(name for name in Image.ID if name in Image.OPEN and name not in UNREAD)
