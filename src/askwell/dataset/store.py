"""Images decoded once, mapped from disk ever after."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock
from torch import Tensor

from askwell.dataset.decoding import decode_into
from askwell.dataset.fingerprint import digest, digest_images
from askwell.dataset.images import Source
from askwell.dataset.statistics import Statistics, channel_statistics
from askwell.errors import UserError

PIXELS, LABELS, CONTENT = "pixels.npy", "labels.npy", "content.json"


class ImageStore:
    """A folder with the pixels of N images, uint8 [N, H, W, C], their labels, fingerprint and channel statistics.

    `fetch` is one indexing operation. A pickle of it holds the name of the folder, and maps it again.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.labels: np.ndarray = np.load(folder / LABELS)
        # A plain array on the mapped memory: np.memmap would cost as much again as the fetch of a small batch.
        self.pixels: np.ndarray = np.asarray(np.load(folder / PIXELS, mmap_mode="r"))
        content = json.loads((folder / CONTENT).read_text())
        self.fingerprint, self.statistics = content["fingerprint"], Statistics(content["mean"], content["std"])
        if self.pixels.ndim != 4 or self.pixels.dtype != np.uint8 or len(self.pixels) != len(self.labels):
            raise ValueError(f"{folder} is not a store of images")

    @classmethod
    def open(cls, source: Source, cache_dir: Path) -> "ImageStore":
        """The store of a source, built first where it is absent or damaged. Safe for any number of processes.

        Raises UserError where images are broken, or where `cache_dir` cannot be written.
        """
        folder = cache_dir / digest(source.stamp, PIXELS, LABELS, CONTENT)  # another layout is another folder
        return _mapped(folder) or _built(source, folder)

    def __len__(self) -> int:
        return len(self.labels)

    def fetch(self, indices: np.ndarray) -> Tensor:
        """The images at `indices` [B], as uint8 [B, C, H, W] in channels_last memory."""
        return torch.from_numpy(self.pixels.take(indices, axis=0)).permute(0, 3, 1, 2)

    def __reduce__(self) -> tuple[type["ImageStore"], tuple[Path]]:
        return ImageStore, (self.folder,)


def _mapped(folder: Path) -> ImageStore | None:
    """The store in `folder`; None where there is none, or only a part of one."""
    try:
        return ImageStore(folder)
    except (OSError, ValueError, EOFError, TypeError, KeyError):
        return None


def _built(source: Source, folder: Path) -> ImageStore:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            return _mapped(folder) or _build(source, folder)
    except OSError as error:
        raise UserError(
            f"cannot store decoded images in {folder.parent} ({error.strerror or error}): "
            "set cache_dir=… to a folder with room, or dataset.store=none to do without"
        ) from error


def _build(source: Source, folder: Path) -> ImageStore:
    """Fills a folder beside the right one and renames it when it is complete, so that no part is ever trusted."""
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
    np.save(folder / LABELS, np.asarray(source.labels, dtype=np.int64))
    decode_into(source, folder / PIXELS)
    pixels = np.load(folder / PIXELS, mmap_mode="r")
    statistics = channel_statistics(lambda indices: torch.from_numpy(pixels[indices]).permute(0, 3, 1, 2), len(pixels))
    fingerprint = digest_images(source.labels, pixels.shape[1:], [pixels])
    (folder / CONTENT).write_text(json.dumps({"fingerprint": fingerprint} | statistics._asdict()))
