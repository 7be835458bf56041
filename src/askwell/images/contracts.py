"""What the program asks of images: to be decoded one by one, or fetched by the batch.

Pixels and truth are apart. A source is pixels and a stamp; `truth` is read by simulated oracles and
by the evaluation alone, and may be absent.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from torch import Tensor

from askwell.errors import UserError

UNKNOWN = -1
"""The class of an image whose label is not known."""

STRANGER = -2
"""The class of an image that is known to be of none of the classes."""


class Source(Protocol):
    """Images that are not decoded yet. N images of H x W pixels and C channels."""

    @property
    def truth(self) -> np.ndarray | None:
        """The true class of each image, int64 [N], UNKNOWN where it is not known; None where no
        class is known at all.
        """

    @property
    def names(self) -> Sequence[str] | None:
        """The path of each image relative to the data set's root, such as `cat/01.png`; None where
        images are no files.
        """

    @property
    def stamp(self) -> str:
        """Changes whenever a pixel or label could have: a hash of paths, sizes, times, image size
        and classes.
        """

    def __len__(self) -> int: ...

    def decode(self, index: int) -> np.ndarray:
        """Image `index` as uint8 [H, W, C]; a broken one raises UserError with the name of its
        file.
        """


class Images(Protocol):
    """Images that can be fetched by index, one operation per batch. N images."""

    @property
    def truth(self) -> np.ndarray | None:
        """As in the source."""

    @property
    def names(self) -> Sequence[str] | None:
        """As in the source."""

    @property
    def fingerprint(self) -> str:
        """A digest of the pixels and the truth, the same wherever they lie."""

    def __len__(self) -> int: ...

    def fetch(self, indices: np.ndarray) -> Tensor:
        """The images at `indices` [B], as uint8 [B, C, H, W] in channels_last memory."""


class Splits(NamedTuple):
    """What a data set opens to. Truth is a position in `classes`, the same in both splits.

    Without an evaluation set, a sample of `train` is held out, and its labels are asked for.
    """

    train: Source
    evaluation: Source | None
    classes: tuple[str, ...]


def truth_of(images: Source | Images) -> np.ndarray:
    """The truth of images that have one, int64 [N]. Raises UserError where they have none."""
    if images.truth is None:
        raise UserError("the images of the data set have no labels: set oracle=file to give them")
    return images.truth


def classes_in(truth: np.ndarray | None) -> set[int]:
    """The classes of which at least one image is known."""
    return set() if truth is None else {*truth.tolist()} - {UNKNOWN}


def known(truth: np.ndarray | None) -> np.ndarray:
    """The indices of the images whose class is known, ascending, int64.

    >>> known(np.array([2, UNKNOWN, 0])).tolist(), known(None).tolist()
    ([0, 2], [])
    """
    return np.zeros(0, np.int64) if truth is None else np.flatnonzero(truth != UNKNOWN)
