"""Data sets without the images that cannot be read: left out, or black in their place."""

import json
import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from askwell.errors import UserError
from askwell.files import write_json
from askwell.images.chosen import Chosen
from askwell.images.contracts import Source, classes_in
from askwell.images.decoding import BrokenImagesError, image_shape, in_short
from askwell.images.fingerprint import digest
from askwell.images.pixels import DECODER, Reading
from askwell.images.store import ImageStore

BLACK = 0
"""The stamp of an image that cannot be read: it is never copied from another store."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WithoutBroken(Chosen):
    """The images of `source` but for those at the indices `broken`."""

    broken: tuple[int, ...]

    @cached_property
    def indices(self) -> np.ndarray:
        """Where the images are in the source, int64 [N]."""
        return np.delete(np.arange(len(self.source)), self.broken)

    @property
    def stamp(self) -> str:
        """Changes with the source and with what is left out of it."""
        return digest(self.source.stamp, "without", *self.broken)


@dataclass(frozen=True)
class Blanked(Chosen):
    """All images of `source`, but black at the indices `blank`: no image changes its index."""

    blank: tuple[int, ...]

    @cached_property
    def indices(self) -> np.ndarray:
        """Where the images are in the source: in the same place, int64 [N]."""
        return np.arange(len(self.source))

    @cached_property
    def _blank(self) -> frozenset[int]:
        return frozenset(self.blank)

    @cached_property
    def _black(self) -> np.ndarray:
        seen = WithoutBroken(self.source, self.blank)
        if not len(seen):
            raise UserError("not one image of the data set can be read: put the files back")
        return np.zeros(image_shape(seen), np.uint8)

    @property
    def stamps(self) -> np.ndarray | None:
        """What each image is known by; those that are black have one in common."""
        stamps = super().stamps
        if stamps is not None:
            stamps[list(self.blank)] = BLACK
        return stamps

    def read(self, index: int) -> Reading:
        """Image `index`, with what is known of its file; black if it cannot be read."""
        return Reading(self._black) if index in self._blank else super().read(index)

    @property
    def stamp(self) -> str:
        """Changes with the source and with what is black in it."""
        return digest(self.source.stamp, "blank", *self.blank)


def open_with_blanks(
    source: Source, missing: tuple[int, ...], cache_dir: Path
) -> tuple[ImageStore, np.ndarray]:
    """The store of all images, and the indices of those that cannot be read, ascending, which are
    black in it; `missing` are known to be among them. They are logged, and listed in `cache_dir`
    for the next start.
    """
    readable: Source = Blanked(source, missing) if missing else source
    found = _store_or_broken(readable, cache_dir)
    if isinstance(found, ImageStore):
        return found, np.array(missing, np.int64)
    blank = tuple(sorted({*missing, *found}))
    return ImageStore.open(Blanked(source, blank), cache_dir), np.array(blank, np.int64)


def open_without_broken(source: Source, cache_dir: Path) -> ImageStore:
    """The store of all images that can be read. The rest are logged, and listed in `cache_dir` for
    the next start.
    """
    found = _store_or_broken(source, cache_dir)
    if isinstance(found, ImageStore):
        return found
    kept = WithoutBroken(source, tuple(found))
    if classes_in(kept.truth) < classes_in(source.truth):
        raise UserError(
            f"not one image of some class can be read: {_list_of(source, cache_dir)} names them "
            "all; delete it to look again"
        )
    return ImageStore.open(kept, cache_dir)


def _store_or_broken(source: Source, cache_dir: Path) -> ImageStore | dict[int, tuple[str, str]]:
    """The store, or which images of the source are broken, with path and reason."""
    listed = _list_of(source, cache_dir)
    broken = _listed(listed, len(source))
    if broken is None:
        try:
            return ImageStore.open(source, cache_dir)
        except BrokenImagesError as error:
            broken = {index: (one.path, one.reason) for index, one in error.broken.items()}
            write_json(listed, {str(index): list(words) for index, words in broken.items()})
    log.warning(
        "cannot be read and left out: %s; delete %s to look again",
        in_short(broken.values()),
        listed,
    )
    return broken


def _list_of(source: Source, cache_dir: Path) -> Path:
    """Where the broken images of a source are listed; a better decoder looks again."""
    return cache_dir / f"{digest(source.stamp, DECODER)}.quarantine.json"


def _listed(file: Path, count: int) -> dict[int, tuple[str, str]] | None:
    """The broken ones of `count` images, with path and reason; None where there is no list, or a
    damaged one.
    """
    try:
        broken = {
            int(index): (path, reason)
            for index, (path, reason) in json.loads(file.read_text()).items()
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    return broken if all(0 <= index < count for index in broken) else None
