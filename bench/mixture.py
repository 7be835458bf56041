"""A pool without files: rows of a keyed mixture of Gaussians, and what a network that is one layer
makes of them.

Legend of axes: N images, L labelled, K draws, C classes, D features.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from askwell.randomness import generator
from askwell.strategy import Candidates, Look

CLASSES, FEATURES, DRAWS = 10, 256, 20
CENTRES_PER_CLASS = 4
LABELLED = 100
BATCH = 4096
SPREAD = 0.05
"""Deviation of the weights of a draw."""


class Mixture:
    """N images, of which the last 100 are labelled.

    Four centres per class lie around 0 with deviation 1/2 and rows around these with deviation 1;
    the layer's weights have the deviation that gives logits 4 times that of a feature.

    The same number of images gives the same pool in every process.
    """

    def __init__(self, images: int) -> None:
        drawn, centres = generator("rows", images), CENTRES_PER_CLASS * CLASSES
        middles = torch.randn(centres, FEATURES, generator=generator("centres")) / 2
        group = torch.randint(centres, (images,), generator=drawn)
        self.features = torch.randn(images, FEATURES, generator=drawn).add_(
            middles[group]
        )  # [N, D]
        layer = 4 * torch.randn(CLASSES, FEATURES, generator=generator("layer")) / FEATURES**0.5
        several = torch.randn(DRAWS, *layer.shape, generator=generator("draws"))
        layers = (layer + SPREAD * several).flatten(end_dim=1)
        self.logits = self.features @ layer.T  # [N, C]
        self.drawn = (self.features @ layers.T).view(images, DRAWS, CLASSES)  # [N, K, C]
        self.unlabelled = torch.arange(images - LABELLED)  # [N - L]
        self.labelled = torch.arange(images - LABELLED, images)  # [L]
        self.labels = group[self.labelled] % CLASSES  # [L]

    def candidates(self) -> Candidates:
        """What a strategy sees of the unlabelled images."""
        rows = self.features.__getitem__
        return Candidates(self.unlabelled, self._looks, self.labelled, rows=rows)

    def _looks(self, indices: Tensor, draws: int) -> Iterator[tuple[Tensor, Look]]:
        for positions in torch.arange(len(indices)).split(BATCH):
            rows = _without_copy(indices[positions])
            logits = self.logits[rows] if draws == 1 else self.drawn[rows, :draws]
            yield positions, Look(logits, self.features[rows])


def _without_copy(rows: Tensor) -> Tensor | slice:
    """Rows that follow each other as a slice: a network copies nothing to hand on its features."""
    first, last = int(rows[0]), int(rows[-1])
    return slice(first, last + 1) if last - first + 1 == len(rows) else rows
