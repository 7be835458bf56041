"""Pixels of a store that was built before: a folder that grew has only its new images decoded."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from askwell.images.chosen import Chosen
from askwell.images.pixels import Reading

STAMPS = "stamps.npy"
"""The file of a store that says which images it holds, uint64 [N]."""


@dataclass(frozen=True)
class WithFormerPixels(Chosen):
    """The images of `source`; those whose row is not -1 are copied from `pixels`."""

    pixels: np.ndarray  # uint8 [M, H, W, C]
    rows: np.ndarray  # int64 [N]

    @cached_property
    def indices(self) -> np.ndarray:
        """Where the images are in the source: in the same place, int64 [N]."""
        return np.arange(len(self.source))

    @property
    def stamp(self) -> str:
        """That of the source: the pixels are the same."""
        return self.source.stamp

    def read(self, index: int) -> Reading:
        """Image `index`, copied where it can be, otherwise decoded."""
        row = int(self.rows[index])
        return super().read(index) if row < 0 else Reading(self.pixels[row])


def nearest_store(stamps: np.ndarray, folder: Path) -> tuple[Path, np.ndarray] | None:
    """The store beside `folder` that has most of the images with these stamps [N], and their rows
    in it, int64 [N], -1 for those that it lacks. None where no store has any.
    """
    found = list(_stores_with(stamps, folder))
    return max(found, key=lambda store: int((store[1] >= 0).sum()), default=None)


def _stores_with(stamps: np.ndarray, folder: Path) -> Iterator[tuple[Path, np.ndarray]]:
    for file in sorted(folder.parent.glob(f"*/{STAMPS}")):
        if file.parent.suffix == ".part" or file.parent == folder:
            continue
        try:
            rows = rows_of(stamps, np.load(file))
        except (OSError, ValueError, EOFError):  # a damaged one is of no use, and no harm
            continue
        if (rows >= 0).any():
            yield file.parent, rows


def rows_of(stamps: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """The place of each stamp [N] among `theirs` [M], int64, -1 where it is not; 0 is no stamp.

    >>> rows_of(np.array([7, 0, 5], np.uint64), np.array([5, 0, 6, 7], np.uint64)).tolist()
    [3, -1, 0]
    """
    if not len(theirs):
        return np.full(len(stamps), -1)
    order = np.argsort(theirs)
    places = np.searchsorted(theirs, stamps, sorter=order).clip(max=len(theirs) - 1)
    rows = order[places]
    return np.where((theirs[rows] == stamps) & (stamps != 0), rows, -1)
