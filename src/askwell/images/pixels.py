"""Image files as arrays of one size and one number of channels."""

from collections.abc import Iterator
from contextlib import nullcontext
from threading import Lock
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps
from PIL.JpegImagePlugin import JpegImageFile

from askwell.errors import UserError
from askwell.images.formats import opened
from askwell.images.transparency import without_transparency
from askwell.text import visible

DECODER = 2
"""Grows with every change of what an image becomes, so that no store of former pixels is used."""

MODES = {1: "L", 3: "RGB"}
WIDTHS = {"1": 1, "L": 1, "P": 1, "LA": 4, "PA": 4}  # bytes that Pillow keeps of a pixel
LIMIT = 715_827_880
"""Bytes that one decoded image may take: a colour image of 179 megapixels, Pillow's own limit."""
LARGE = 2**26
"""Bytes from which images are decoded one at a time, so that threads do not add up to more than the
memory.
"""
STRIP = 2**20  # pixels of 16 bits that are scaled at a time

_large_one = Lock()


class BrokenImageError(UserError):
    """A file that cannot be read as an image."""

    def __init__(self, path: str, reason: str) -> None:
        path, reason = visible(path), visible(reason)
        super().__init__(f"cannot read the image {path} ({reason}): replace it or remove it")
        self.path, self.reason = path, reason

    def __reduce__(self) -> tuple[type["BrokenImageError"], tuple[str, str]]:
        return BrokenImageError, (
            self.path,
            self.reason,
        )  # a loader's worker sends it to the main process


class Reading(NamedTuple):
    """The pixels of one image, uint8 [H, W, C], and what a user may want to know about its file."""

    pixels: np.ndarray
    frames: bool = False
    """Whether the file holds more frames or pages than the first, which is the one that is read."""
    highest: int | None = None
    """The highest level of a file with more than 8 bits per channel, if `dataset.bits` does not set
    how many are used.
    """


def read_image(path: str, size: int, channels: int) -> np.ndarray:
    """The image in a file as uint8 [size, size, channels]. Raises BrokenImageError, which names the
    file.

    The first frame or page of several, turned upright as its EXIF data have it, over a ground of
    one grey where it is transparent, the lower 8 of 16 bits rounded away.

    >>> from PIL import Image
    >>> folder = getfixture("tmp_path")
    >>> Image.new("RGB", (640, 480), "red").save(folder / "red.png")
    >>> read_image(f"{folder}/red.png", size=32, channels=3)[0, 0].tolist()
    [255, 0, 0]
    """
    return read(path, size, channels).pixels


def read(path: str, size: int, channels: int, bits: int | None = None) -> Reading:
    """`read_image`, with what is known of the file. `bits` is how many bits of a 16-bit level are
    used, 16 if it is None.
    """
    try:
        with opened(path) as image:
            coefficients = _coefficients(image)
            if max(image.size) > 4 * size:
                image.draft(
                    None, (2 * size, 2 * size)
                )  # a JPEG can leave out detail that resizing would drop anyway
            memory = _memory(image) + coefficients
            if memory > LIMIT:
                raise ValueError(f"it would take {memory / 1e9:.1f} GB to decode, scale it down")
            with _large_one if memory > LARGE else nullcontext():
                return _reading(image, size, channels, bits)
    except UserError:
        raise
    except (
        Exception
    ) as error:  # decoders of damaged files raise anything, from struct.error to RuntimeError
        raise BrokenImageError(path, str(error) or type(error).__name__) from error


def fit(image: Image.Image, size: int, channels: int, bits: int | None = None) -> np.ndarray:
    """An image of any mode and shape as uint8 [size, size, channels]."""
    if channels not in MODES:
        raise UserError(f"dataset.channels must be 1 (grey) or 3 (colour), found {channels}")
    image = without_transparency(_eight_bit(image, bits))
    if image.mode not in ("L", MODES[channels]):
        image = image.convert(MODES[channels])
    if image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.LANCZOS)
    return np.array(image.convert(MODES[channels])).reshape(
        size, size, channels
    )  # grey is coloured once it is small


def _reading(image: Image.Image, size: int, channels: int, bits: int | None) -> Reading:
    image.load()
    _turn_upright(image)
    highest = _extrema(image)[1] if _is_deep(image) and bits is None else None
    return Reading(fit(image, size, channels, bits), _has_more_frames(image), highest)


def _memory(image: Image.Image) -> int:
    """The bytes that the decoded pixels take."""
    width, height = image.size
    return width * height * (2 if image.mode.startswith("I;") else WIDTHS.get(image.mode, 4))


def _coefficients(image: Image.Image) -> int:
    """Bytes that a progressive JPEG takes while it is decoded, whatever detail is left out; 0 for
    other images.
    """
    if "progressive" not in image.info or not isinstance(image, JpegImageFile):
        return 0
    width, height = image.size
    areas = [across * down for _, across, down, _ in image.layer]
    return 2 * width * height * sum(areas) // max(areas)


def _turn_upright(image: Image.Image) -> None:
    """Turns the image as its EXIF data have it; leaves it if these are damaged."""
    try:
        ImageOps.exif_transpose(image, in_place=True)
    except Exception:  # what is no image data cannot make an image broken
        return


def _has_more_frames(image: Image.Image) -> bool:
    """Whether there are frames or pages after the first; the layers of a Photoshop file are in its
    picture.
    """
    if image.format == "PSD":
        return False
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # the first frame could be read, so the image is not broken
        return True


def _is_deep(image: Image.Image) -> bool:
    """Whether the image is grey with 16 bits or more."""
    return image.mode.startswith("I")


def _eight_bit(image: Image.Image, bits: int | None) -> Image.Image:
    """Converts the modes that Pillow's own conversion would saturate or warn about."""
    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers, convert them to 8 bits")
    if not _is_deep(image):
        return image
    white = 2 ** (bits or 16) - 1
    lowest, highest = _extrema(image)
    if lowest < 0 or highest > white:
        raise ValueError(
            f"its levels run from {lowest} to {highest}, expected 0 to {white}: convert them to "
            "8 bits"
        )
    shallow = Image.fromarray(_scaled(image, white))
    clear = image.info.get("transparency")
    if isinstance(clear, int):  # the one level that is transparent
        opacity = np.where(np.asarray(image) == clear, 0, 255).astype(np.uint8)
        shallow.putalpha(Image.fromarray(opacity))
    return shallow


def _extrema(image: Image.Image) -> tuple[int, int]:
    """The lowest and the highest level of a deep image."""
    strips = [(int(levels.min()), int(levels.max())) for _, levels in _strips(image)]
    return min(low for low, _ in strips), max(high for _, high in strips)


def _scaled(image: Image.Image, white: int) -> np.ndarray:
    """Deep levels as 8-bit ones [H, W], rounded: `white` is 255."""
    shallow = np.empty(image.size[::-1], np.uint8)
    for top, levels in _strips(image):
        shallow[top : top + len(levels)] = (levels.astype(np.int64) * 255 + white // 2) // white
    return shallow


def _strips(image: Image.Image) -> Iterator[tuple[int, np.ndarray]]:
    """The levels of an image from top to bottom, some rows [R, W] at a time, each with the number
    of its first row.

    All at once, and wider than they are, they would take many times the memory of the image.
    """
    width, height = image.size
    rows = max(STRIP // width, 1)
    for top in range(0, height, rows):
        yield top, np.asarray(image.crop((0, top, width, min(top + rows, height))))
