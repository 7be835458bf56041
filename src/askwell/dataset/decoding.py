"""All images of a source decoded into one .npy file, in parallel."""

import logging
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from askwell.dataset.images import Source
from askwell.dataset.pixels import BrokenImageError
from askwell.errors import UserError

logger = logging.getLogger(__name__)

BLOCK = 32  # images a thread decodes at a time
BLOCKS = 32  # blocks in memory at a time: 1,024 images, the most that is decoded and not yet written
NAMED = 3  # broken images that are named in full


def decode_into(source: Source, file: Path) -> None:
    """Writes all images as uint8 [N, H, W, C]. Raises one UserError for all images that are broken."""
    count = len(source.labels)
    shape = _shape(source, count)
    logger.info("decoding %d images into %s", count, file.parent.parent)
    broken: list[BrokenImageError] = []
    with file.open("wb") as stream:
        header = {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)}
        np.lib.format.write_array_header_1_0(stream, header)
        # Plain writes, because a full disk under a memory map ends the process instead of raising an error.
        for images, failures in _decoded(source, shape, count):
            stream.write(images.data)
            broken += failures
        os.fsync(stream.fileno())
    _refuse(broken)


def _decoded(source: Source, shape: tuple[int, ...], count: int) -> Iterator[tuple[np.ndarray, list[BrokenImageError]]]:
    """What `_decode` returns for all images in their order, block by block, from as many threads as there are cores."""
    blocks = [range(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK)]
    with ThreadPoolExecutor(_cores()) as threads, _progress() as progress:
        bar = progress.add_task("decoding", total=count)
        for start in range(0, len(blocks), BLOCKS):
            for images, failures in threads.map(partial(_decode, source, shape), blocks[start : start + BLOCKS]):
                yield images, failures
                progress.advance(bar, len(images))


def _shape(source: Source, count: int) -> tuple[int, ...]:
    """[H, W, C] of the first image that is not broken."""
    broken = []
    for index in range(count):
        try:
            return source.decode(index).shape
        except BrokenImageError as error:
            broken.append(error)
    _refuse(broken)
    raise UserError("there are no images to decode: the data set is empty")


def _decode(source: Source, shape: tuple[int, ...], indices: range) -> tuple[np.ndarray, list[BrokenImageError]]:
    """The images at `indices` as [B, H, W, C], black where broken, and what was wrong with those."""
    images, broken = np.zeros((len(indices), *shape), np.uint8), []
    for image, index in zip(images, indices, strict=True):
        try:
            image[:] = source.decode(index)
        except BrokenImageError as error:
            broken.append(error)
    return images, broken


def _refuse(broken: list[BrokenImageError]) -> None:
    if len(broken) == 1:
        raise broken[0]
    if broken:
        named = ", ".join(f"{error.path} ({error.reason})" for error in broken[:NAMED])
        more = f" and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
        raise UserError(f"cannot read {len(broken)} images: {named}{more}: replace them or take them away")


def _progress() -> Progress:
    """A bar on the terminal; nothing where there is none, so that logs stay clean."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty())


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
