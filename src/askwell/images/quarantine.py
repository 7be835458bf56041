"""Going on without the images that cannot be read."""

import json
import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from askwell.errors import UserError
from askwell.files import write_json
from askwell.images.chosen import Chosen
from askwell.images.contracts import Source
from askwell.images.decoding import BrokenImagesError, in_short
from askwell.images.fingerprint import digest
from askwell.images.pixels import DECODER
from askwell.images.store import ImageStore

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WithoutBroken(Chosen):
    """The images of `source` but for those at the indices `broken`."""

    broken: tuple[int, ...]

    @cached_property
    def indices(self) -> np.ndarray:
        """Where the images stand in the source, int64 [N]."""
        return np.delete(np.arange(len(self.source.labels)), self.broken)

    @property
    def labels(self) -> np.ndarray:
        """The true class of each image, int64 [N]."""
        return self.source.labels[self.indices]

    @property
    def stamp(self) -> str:
        """Changes with the source and with what is left out of it."""
        return digest(self.source.stamp, "without", *self.broken)


def open_without_broken(source: Source, cache_dir: Path) -> ImageStore:
    """The store of all images that can be read. The rest are said, and listed in `cache_dir` for
    the next start.
    """
    listed = (
        cache_dir / f"{digest(source.stamp, DECODER)}.quarantine.json"
    )  # a better decoder may read them
    broken = _listed(listed, len(source.labels))
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
    kept = WithoutBroken(source, tuple(broken))
    if set(kept.labels) < set(source.labels):
        raise UserError(
            f"not one image of some class can be read: {listed} names them all; delete it to "
            "look again"
        )
    return ImageStore.open(kept, cache_dir)


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
