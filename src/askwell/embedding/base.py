"""What an embedding is: one row of numbers for each image, whatever sees the images.

Legend of axes: N images, B images of a batch, D features.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from askwell.images.contracts import Images
from askwell.images.fingerprint import digest
from askwell.scoring.scorer import Track, unwatched


class Fingerprint(NamedTuple):
    """What decides the rows that an encoder gives, wherever it runs."""

    name: str
    weights: str  # their digest
    size: int | None  # pixels a side that it sees, None for any
    normalisation: str

    @property
    def digest(self) -> str:
        return digest(*self)


@dataclass(frozen=True)
class Embeddings:
    """The rows of N images, float16 [N, D], as a rule mapped from a file.

    >>> values = np.arange(6, dtype=np.float16).reshape(3, 2)
    >>> Embeddings(values, "mine").rows(torch.tensor([2, 0])).tolist()
    [[4.0, 5.0], [0.0, 1.0]]
    """

    values: np.ndarray
    fingerprint: str
    whole: str | None = None  # the fingerprint of the rows among which these were chosen

    def __len__(self) -> int:
        return len(self.values)

    @property
    def features(self) -> int:
        """D."""
        return self.values.shape[1]

    @property
    def encoder(self) -> str:
        """The digest of what made the rows, which is the last word of that of all of them."""
        return (self.whole or self.fingerprint).split()[-1]

    def rows(self, indices: Tensor) -> Tensor:
        """The rows at `indices` [n], float32 [n, D] on the CPU."""
        return torch.from_numpy(self.values.take(indices.numpy(), axis=0)).float()


class Embedding(Protocol):
    """What conf/embedding builds: where the rows of images come from."""

    def open(
        self, images: Images, split: str, cache_dir: Path, track: Track = unwatched
    ) -> Embeddings | None:
        """The rows of the images of a split, train or evaluation; computed if they are not in
        `cache_dir`.

        None stands for the features of the network that is trained. Raises UserError where the rows
        cannot be had.
        """


@runtime_checkable
class Learns(Protocol):
    """An embedding that must learn from the images before it can be opened."""

    def learn(self, images: Images, of: Tensor, cache_dir: Path) -> None:
        """Learns from the pixels of the images at the indices `of` [n], or takes from `cache_dir`
        what was learned before. No label is read.
        """

    def state_dict(self) -> dict[str, Tensor]:
        """What was learned."""

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Takes what was learned elsewhere."""


class Encoder(Protocol):
    """What makes rows of pixels.

    Images come as `Images.fetch` gives them, uint8 [B, C, H, W] in channels_last memory: any other
    order of axes would have to be turned round once more for the network.
    """

    @property
    def fingerprint(self) -> Fingerprint: ...

    def __call__(self, images: Tensor) -> Tensor:
        """float16 [B, D] of uint8 images [B, C, H, W], on the device of the images."""


Encode = Callable[[Tensor], Tensor]
"""uint8 images [B, C, H, W] to one row of numbers each, [B, D]."""
