"""Going on without the images that cannot be read."""

import json
import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from askwell.dataset.decoding import BrokenImagesError, in_short
from askwell.dataset.fingerprint import digest
from askwell.dataset.images import Source
from askwell.dataset.store import ImageStore
from askwell.errors import UserError
from askwell.files import write_json

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WithoutBroken:
    """The images of `source` but for those at the indices `broken`."""

    source: Source
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

    def decode(self, index: int) -> np.ndarray:
        """Image `index` as uint8 [H, W, C]."""
        return self.source.decode(int(self.indices[index]))


def open_without_broken(source: Source, cache_dir: Path) -> ImageStore:
    """The store of all images that can be read. The rest are said, and listed in `cache_dir` for the next start."""
    listed = cache_dir / f"{source.stamp}.quarantine.json"
    if not listed.exists():
        try:
            return ImageStore.open(source, cache_dir)
        except BrokenImagesError as error:
            write_json(listed, {str(index): [one.path, one.reason] for index, one in error.broken.items()})
    broken = json.loads(listed.read_text())
    log.warning("cannot be read and left out: %s; delete %s to look again", in_short(broken.values()), listed)
    kept = WithoutBroken(source, tuple(map(int, broken)))
    if set(kept.labels) < set(source.labels):
        raise UserError(f"not one image of some class can be read: {listed} names them all; delete it to look again")
    return ImageStore.open(kept, cache_dir)
