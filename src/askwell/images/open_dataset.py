"""A data set that is open: what a run trains on, is measured on, and may ask about."""

from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from askwell.images.contracts import UNKNOWN, Images
from askwell.images.fingerprint import digest


def _none() -> np.ndarray:
    return np.zeros(0, np.int64)


@dataclass(frozen=True)
class OpenDataset:
    """A data set whose images can be fetched. C channels; `mean` and `std` [C] are in units where
    white is 1.

    The index of an image is its place in `train`. `held`, `given` and `broken` are such indices,
    int64 and ascending; all three are empty for data with labels and an evaluation set of its own.
    `evaluation` is then the view of `train` at `held`.
    """

    train: Images
    evaluation: Images
    classes: tuple[str, ...]
    mean: Tensor
    std: Tensor
    held: np.ndarray = field(default_factory=_none)  # [E], evaluated with and never trained on
    given: np.ndarray = field(default_factory=_none)  # [G], their labels are known from the start
    broken: np.ndarray = field(default_factory=_none)  # cannot be read, or gone: never to be asked
    first_fingerprint: str | None = None  # of asked data: that of the images of the first list
    first_shown: np.ndarray | None = None  # of these, those that could be read and are not held

    @property
    def fingerprint(self) -> str:
        """Changes with any pixel, label or class, and with the order of each; not with where they
        are. Images that a growing folder gained since the first start do not count.
        """
        if self.first_fingerprint is not None:
            return digest(self.first_fingerprint, *self.classes)
        return digest(self.train.fingerprint, self.evaluation.fingerprint, *self.classes)

    @property
    def knows_truth(self) -> bool:
        """Whether every image has its label, so that an oracle can be simulated."""
        return all(
            images.truth is not None and UNKNOWN not in images.truth
            for images in (self.train, self.evaluation)
        )
