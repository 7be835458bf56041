"""All images of a source decoded into one .npy file, in parallel."""

import logging
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from askwell.errors import UserError
from askwell.images.chosen import reading
from askwell.images.contracts import Source
from askwell.images.pixels import BrokenImageError
from askwell.images.traits import Traits
from askwell.machine import cores
from askwell.text import first_of

logger = logging.getLogger(__name__)

BLOCK = 32  # images that a thread decodes at a time
BLOCKS = (
    32  # blocks in memory at a time: 1,024 images, the most that is decoded and not yet written
)
NAMED = 3  # broken images that a message lists

Broken = dict[int, BrokenImageError]
"""What is wrong with images, by their indices."""


class BrokenImagesError(UserError):
    """The images of a source that cannot be read, by their indices."""

    def __init__(self, broken: Mapping[int, BrokenImageError]) -> None:
        self.broken = broken
        images = "the image " if len(broken) == 1 else f"{len(broken)} images: "
        named = in_short((error.path, error.reason) for error in broken.values())
        super().__init__(
            f"cannot read {images}{named}: replace or remove them, or set "
            "dataset.broken_images=quarantine "
            "to continue without them"
        )


def in_short(broken: Iterable[tuple[str, str]]) -> str:
    """The first few broken images, each by its path and what is wrong with it."""
    return first_of([f"{path} ({reason})" for path, reason in broken], NAMED)


def decode_into(source: Source, file: Path) -> Traits:
    """Writes all images as uint8 [N, H, W, C], and returns the traits of their files.

    Raises one BrokenImagesError for all that are broken.
    """
    count, shape = len(source), image_shape(source)
    logger.info("decoding %d images into %s", count, file.parent.parent)
    with file.open("wb") as stream:
        header = {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)}
        np.lib.format.write_array_header_1_0(stream, header)
        # Plain writes, because a full disk under a memory map ends the process instead of raising
        # an error.
        traits = Traits()
        for images, of_block in decoded(source, shape):
            stream.write(images.data)
            traits += of_block
        os.fsync(stream.fileno())
    return traits


def decoded(source: Source, shape: tuple[int, ...]) -> Iterator[tuple[np.ndarray, Traits]]:
    """All images in order, in blocks of uint8 [B, H, W, C], each with the traits of its files.

    One thread per core decodes them. Raises one BrokenImagesError for all broken images, at the
    end.
    """
    count = len(source)
    broken: Broken = {}
    blocks = [range(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK)]
    with ThreadPoolExecutor(cores()) as threads, _progress() as progress:
        bar = progress.add_task("decoding", total=count)
        for start in range(0, len(blocks), BLOCKS):
            for images, traits, failures in threads.map(
                partial(_decode, source, shape), blocks[start : start + BLOCKS]
            ):
                broken |= failures
                yield images, traits
                progress.advance(bar, len(images))
    if broken:
        raise BrokenImagesError(broken)


def image_shape(source: Source) -> tuple[int, ...]:
    """[H, W, C] of the first image that is not broken."""
    broken: Broken = {}
    for index in range(len(source)):
        try:
            return source.decode(index).shape
        except BrokenImageError as error:
            broken[index] = error
    if broken:
        raise BrokenImagesError(broken)
    raise UserError("there are no images to decode: the data set is empty")


def _decode(
    source: Source, shape: tuple[int, ...], indices: range
) -> tuple[np.ndarray, Traits, Broken]:
    """The images at `indices` as [B, H, W, C], black where broken, with the traits of their files
    and the errors of the broken ones.
    """
    images, readings, broken = np.zeros((len(indices), *shape), np.uint8), [], {}
    for image, index in zip(images, indices, strict=True):
        try:
            readings.append(reading(source, index))
            image[:] = readings[-1].pixels
        except BrokenImageError as error:
            broken[index] = error
    return images, Traits.of(readings), broken


def _progress() -> Progress:
    """A progress bar on a terminal; nothing elsewhere, so that logs stay clean."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty())
