"""Images decoded once, and mapped from disk from then on."""

import json
import logging
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock
from torch import Tensor

from askwell.errors import UserError
from askwell.images.channel_statistics import Statistics, channel_statistics
from askwell.images.chosen import stamps_of
from askwell.images.contracts import Source
from askwell.images.decoding import decode_into
from askwell.images.fingerprint import digest, digest_images
from askwell.images.former_pixels import STAMPS, WithFormerPixels, nearest_store
from askwell.images.pixels import DECODER
from askwell.images.seal import STATE, read_sealed, state_of, write_sealed
from askwell.images.traits import Traits

log = logging.getLogger(__name__)

PIXELS, LABELS, CONTENT = "pixels.npy", "labels.npy", "content.json"


class ImageStore:
    """A folder with the pixels of N images, uint8 [N, H, W, C], their labels where they have some,
    fingerprint and channel statistics.

    `fetch` is one indexing operation. Names are those of the source: files may be renamed without
    being decoded again. A pickle holds them and the name of the folder, and maps it again.
    """

    def __init__(self, folder: Path, names: Sequence[str] | None = None) -> None:
        self.folder, self.names = folder, names
        labels = folder / LABELS
        self.truth: np.ndarray | None = np.load(labels) if labels.exists() else None
        # A plain array on the mapped memory: np.memmap would cost as much again as the fetch of a
        # small batch.
        self.pixels: np.ndarray = np.asarray(np.load(folder / PIXELS, mmap_mode="r"))
        content = json.loads((folder / CONTENT).read_text())
        self.fingerprint, self.statistics = (
            content["fingerprint"],
            Statistics(content["mean"], content["std"]),
        )
        self.traits = Traits(**content["traits"])
        if (
            self.pixels.ndim != 4
            or self.pixels.dtype != np.uint8
            or (self.truth is not None and len(self.pixels) != len(self.truth))
        ):
            raise ValueError(f"{folder} is not a store of images")

    @classmethod
    def open(cls, source: Source, cache_dir: Path) -> "ImageStore":
        """The store of a source, built first where it is absent or damaged. Safe for any number of
        processes.

        Raises UserError where images are broken, or where `cache_dir` cannot be written.
        """
        folder = folder_of(source, cache_dir)
        store = _trusted(folder) or _built(source, folder)
        store.names = source.names
        return store

    @property
    def is_whole(self) -> bool:
        """Whether pixels and labels are still those that were decoded. Reads all of them."""
        return digest_images(self.truth, self.pixels.shape[1:], [self.pixels]) == self.fingerprint

    def __len__(self) -> int:
        return len(self.pixels)

    def fetch(self, indices: np.ndarray) -> Tensor:
        """The images at `indices` [B], as uint8 [B, C, H, W] in channels_last memory."""
        return torch.from_numpy(self.pixels.take(indices, axis=0)).permute(0, 3, 1, 2)

    def __reduce__(self) -> tuple[type["ImageStore"], tuple[Path, Sequence[str] | None]]:
        return ImageStore, (self.folder, self.names)


def folder_of(source: Source, cache_dir: Path) -> Path:
    """The folder of the store of a source. It differs for other layouts and other decoders."""
    return cache_dir / digest(source.stamp, PIXELS, LABELS, CONTENT, DECODER)


def discard_if_damaged(source: Source, cache_dir: Path) -> Path | None:
    """The store of a source if its pixels or labels are damaged; it is then deleted.

    Reads all of them, and so finds bits that decayed on the disk, which a start does not.
    """
    folder = folder_of(source, cache_dir)
    try:
        if not folder.exists() or ImageStore(folder).is_whole:
            return None
    except (OSError, ValueError, EOFError, TypeError, KeyError):
        pass  # nor can it be mapped
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def _trusted(folder: Path) -> ImageStore | None:
    """The store in `folder`; None where there is none, or an incomplete or damaged one.

    The facts in the content file are sealed by a sum, which holds at each start. Pixels and labels
    are read against the fingerprint only where their files are not in the state that was noted when
    they were last found whole: that costs a second for each gigabyte, which a start can do without.
    """
    try:
        store = ImageStore(folder)
        content = read_sealed(folder / CONTENT)
        if content[STATE] != state_of(_files(folder)):
            if not store.is_whole:
                raise ValueError("its pixels or labels were changed")
            with suppress(
                OSError, UserError
            ):  # a cache that cannot be written is checked at each start
                _note(folder, content)
        return store
    except (OSError, ValueError, EOFError, TypeError, KeyError) as error:
        if folder.exists():
            log.warning("the store %s is damaged (%s), it is built again", folder, error)
        return None


def _built(source: Source, folder: Path) -> ImageStore:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            return _trusted(folder) or _build(source, folder)
    except OSError as error:
        raise UserError(
            f"cannot store decoded images in {folder.parent} ({error.strerror or error}): "
            "set cache_dir=… to a folder with room, or dataset.store=none to work without a store"
        ) from error


def _build(source: Source, folder: Path) -> ImageStore:
    """Fills a folder next to the final one and renames it when it is complete, so that an
    incomplete store is never trusted.
    """
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        _fill(source, part)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return ImageStore(folder)


def _fill(source: Source, folder: Path) -> None:
    truth = None if source.truth is None else np.asarray(source.truth, dtype=np.int64)
    if truth is not None:
        np.save(folder / LABELS, truth)
    traits = _decode(source, folder)
    pixels = np.load(folder / PIXELS, mmap_mode="r")
    statistics = channel_statistics(
        lambda indices: torch.from_numpy(pixels[indices]).permute(0, 3, 1, 2), len(pixels)
    )
    fingerprint = digest_images(truth, pixels.shape[1:], [pixels])
    _note(
        folder, {"fingerprint": fingerprint} | statistics._asdict() | {"traits": traits.as_json()}
    )


def _decode(source: Source, folder: Path) -> Traits:
    """Writes the pixels, copying those that another store has, and returns the traits of the
    files.
    """
    stamps = stamps_of(source)
    if stamps is None:
        return decode_into(source, folder / PIXELS)
    np.save(folder / STAMPS, stamps)
    nearest = nearest_store(stamps, folder.with_suffix(""))
    former = _trusted(nearest[0]) if nearest else None
    if former is None or nearest is None or not _says_traits_of(former, nearest[1]):
        return decode_into(source, folder / PIXELS)
    rows = nearest[1]
    log.info("%d of %d images are decoded already", (rows >= 0).sum(), len(rows))
    return former.traits + decode_into(
        WithFormerPixels(source, former.pixels, rows), folder / PIXELS
    )


def _says_traits_of(former: ImageStore, rows: np.ndarray) -> bool:
    """Whether the traits of a store describe its images at `rows`: they are counts over all of its
    images, and cannot be divided.
    """
    return former.traits == Traits() or len(np.unique(rows[rows >= 0])) == len(former)


def _note(folder: Path, content: dict[str, Any]) -> None:
    """Writes the content file of a store whose pixels and labels are known to be whole."""
    write_sealed(folder / CONTENT, content, _files(folder))


def _files(folder: Path) -> list[Path]:
    """What is sealed: the pixels and, where there are any, the labels."""
    return [folder / PIXELS, *([folder / LABELS] if (folder / LABELS).exists() else [])]
