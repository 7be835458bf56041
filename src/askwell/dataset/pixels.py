"""Image files to arrays of one size and one number of channels."""

import logging
import struct
import zlib
from functools import cache

import numpy as np
from PIL import Image

from askwell.errors import UserError

log = logging.getLogger(__name__)

# What Pillow has been seen to raise for files that are cut, empty, of another format or absurdly large.
BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)
MODES = {1: "L", 3: "RGB"}


class BrokenImageError(UserError):
    """A file that cannot be read as an image."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"cannot read the image {path} ({reason}): replace it or take it away")
        self.path, self.reason = path, reason

    def __reduce__(self) -> tuple[type["BrokenImageError"], tuple[str, str]]:
        return BrokenImageError, (self.path, self.reason)  # a loader's worker sends it to the main process


def read_image(path: str, size: int, channels: int) -> np.ndarray:
    """The image in a file as uint8 [size, size, channels]. Raises BrokenImageError, which names the file."""
    try:
        with Image.open(path) as image:
            if max(image.size) > 4 * size:
                image.draft(None, (2 * size, 2 * size))  # a JPEG can leave out detail that resizing would drop anyway
            return fit(image, size, channels)
    except BROKEN as error:
        raise BrokenImageError(path, str(error) or type(error).__name__) from error


def fit(image: Image.Image, size: int, channels: int) -> np.ndarray:
    """An image of any mode and shape as uint8 [size, size, channels]; 16-bit grey is scaled, transparency dropped."""
    if channels not in MODES:
        raise UserError(f"dataset.channels must be 1 (grey) or 3 (colour), found {channels}")
    image = _eight_bit(image)
    if image.mode != MODES[channels]:
        image = image.convert(MODES[channels])
    if image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.LANCZOS)
    return np.array(image).reshape(size, size, channels)


def _eight_bit(image: Image.Image) -> Image.Image:
    """Converts the modes that Pillow's own conversion would saturate or warn about."""
    if image.mode.startswith("I"):
        _say_scaled()
        return Image.fromarray(_scaled(np.asarray(image)))
    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers, convert them to 8 bits")
    if image.mode == "P" and "transparency" in image.info:
        return image.convert("RGBA")
    return image


@cache
def _say_scaled() -> None:
    log.warning("images of 16 bits are scaled down to 8")


def _scaled(levels: np.ndarray) -> np.ndarray:
    """16-bit levels [H, W] as 8-bit ones, rounded: 65535 is 255."""
    if levels.min(initial=0) < 0 or levels.max(initial=0) > 65535:
        raise ValueError("its pixels have more than 16 bits, convert them to 8 bits")
    return ((levels.astype(np.int64) + 128) // 257).astype(np.uint8)
