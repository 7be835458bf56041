"""A pool of any size that takes no room: a store whose pixels are a hole in a file."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from askwell.dataset import ImageDataset, OpenDataset, Splits
from askwell.images.store import CONTENT, LABELS, PIXELS, ImageStore

EVALUATED = 1_000
"""Images to evaluate on, whatever the size of the pool."""


@dataclass(frozen=True, kw_only=True)
class SparseDataset(ImageDataset):
    """`images` black images in two classes. Its stores are written into `cache_dir`."""

    images: int

    def splits(self) -> Splits:
        raise NotImplementedError("a sparse data set has no images to decode")

    def open(self) -> OpenDataset:
        """Both stores, written first where they are not there."""
        cache = Path(self.cache_dir)
        train, evaluation = (
            self._store(cache / f"sparse-{count}", count) for count in (self.images, EVALUATED)
        )
        channels = torch.ones(self.channels)
        return OpenDataset(train, evaluation, ("even", "odd"), channels / 2, channels / 2)

    def _store(self, folder: Path, count: int) -> ImageStore:
        if not (folder / CONTENT).exists():
            folder.mkdir(parents=True, exist_ok=True)
            np.save(folder / LABELS, np.arange(count) % 2)
            half = [0.5] * self.channels
            self._write_hole(folder / PIXELS, count)
            (folder / CONTENT).write_text(
                json.dumps({"fingerprint": folder.name, "mean": half, "std": half})
            )
        return ImageStore(folder)

    def _write_hole(self, file: Path, count: int) -> None:
        shape = (count, self.image_size, self.image_size, self.channels)
        with file.open("wb") as stream:
            np.lib.format.write_array_header_1_0(
                stream, {"descr": "|u1", "fortran_order": False, "shape": shape}
            )
            stream.truncate(stream.tell() + int(np.prod(shape, dtype=np.int64)))
