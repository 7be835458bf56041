"""Some images of a set, seen as a set of their own."""

from collections.abc import Sequence
from copy import copy

import numpy as np
from torch import Tensor

from askwell.images.contracts import UNKNOWN, Images
from askwell.images.fingerprint import digest


class View:
    """The images at `indices` [E] of `images`, in that order; nothing is copied.

    `truth` is that of the images, UNKNOWN where they have none, unless it is given. An evaluation
    sample becomes measurable when people have said what it shows: `View(images, indices, answers)`.
    """

    def __init__(
        self, images: Images, indices: np.ndarray, truth: np.ndarray | None = None
    ) -> None:
        self.images, self.indices = images, indices
        if truth is None and images.truth is not None:
            truth = images.truth[indices]
        self.truth = np.full(len(indices), UNKNOWN, np.int64) if truth is None else truth

    @property
    def names(self) -> Sequence[str] | None:
        """The names of these images; None where they have none."""
        names = self.images.names
        return None if names is None else [names[index] for index in self.indices]

    @property
    def fingerprint(self) -> str:
        """Changes with the images and with the choice among them."""
        return digest(self.images.fingerprint, *self.indices)

    def on(self, images: Images) -> "View":
        """The same view of `images`, which are the same images at another place."""
        moved = copy(self)
        moved.images = images
        return moved

    def __len__(self) -> int:
        return len(self.indices)

    def fetch(self, indices: np.ndarray) -> Tensor:
        """The images at `indices` [B] of this view, as uint8 [B, C, H, W]."""
        return self.images.fetch(self.indices[indices])
