"""What the program asks of images: to be decoded one by one, or fetched by the batch."""

from typing import NamedTuple, Protocol

import numpy as np
from torch import Tensor


class Source(Protocol):
    """Labelled images that are not decoded yet. N images of H x W pixels and C channels."""

    @property
    def labels(self) -> np.ndarray:
        """The true class of each image, int64 [N]."""

    @property
    def stamp(self) -> str:
        """Changes whenever a pixel or label could have: a hash of paths, sizes, times, image size
        and classes.
        """

    def decode(self, index: int) -> np.ndarray:
        """Image `index` as uint8 [H, W, C]; a broken one raises UserError with the name of its
        file.
        """


class Images(Protocol):
    """Images that can be fetched by index, in one operation a batch."""

    labels: np.ndarray

    @property
    def fingerprint(self) -> str:
        """A digest of the pixels and labels, the same wherever they lie."""

    def __len__(self) -> int: ...

    def fetch(self, indices: np.ndarray) -> Tensor:
        """The images at `indices` [B], as uint8 [B, C, H, W] in channels_last memory."""


class Splits(NamedTuple):
    """What a data set opens to. Labels are positions in `classes`; both splits have the same
    classes.
    """

    train: Source
    evaluation: Source
    classes: tuple[str, ...]
