"""SimCLR: two views of an image should be nearer to each other than to any other image."""

from collections.abc import Callable
from math import cos, pi
from typing import Any

import numpy as np
import torch
from pytorch_lightning import LightningModule
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize
from torch.utils.data import Dataset

from askwell.embedding.pretrained import Resize
from askwell.images.contracts import Images
from askwell.model.classifier import WHITE
from askwell.randomness import generator, key

View = Callable[[Tensor, Tensor, int], Tensor]
"""(uint8 pixels [B, C, H, W], indices [B], key) to pixels of the same shape and type."""

WARM_UP = 0.05
"""The share of the steps in which the learning rate rises."""
PROJECTED = 128


class Contrast(LightningModule):
    """Trains `trunk`, images [B, C, H, W] to rows [B, features], without a label.

    The loss is on a projection of the rows, which is thrown away afterwards (Chen et al., ICML
    2020, arXiv 2002.05709). Views are keyed by seed, epoch and image: no generator state matters.
    """

    def __init__(
        self,
        trunk: nn.Module,
        features: int,
        views: View,
        lr: float,
        temperature: float,
        seed: int,
    ) -> None:
        super().__init__()
        self.trunk, self.views, self.lr = trunk, views, lr
        self.temperature, self.seed = temperature, seed
        self.projection = nn.Sequential(
            nn.Linear(features, 2 * features, bias=False),
            nn.BatchNorm1d(2 * features),
            nn.ReLU(inplace=True),
            nn.Linear(2 * features, PROJECTED),
        )

    def begin(self, side: int, steps: int) -> None:
        """Trains from now on for `steps`, on images of `side` pixels a side."""
        self.side, self.steps = side, steps

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        indices, pixels = batch
        keys = [key("ssl view", self.seed, self.current_epoch, view) for view in range(2)]
        seen = shrunk(pixels, self.side)
        views = torch.cat([self.views(seen, indices, one) for one in keys]).float() / WHITE
        rows = self.projection(self.trunk(views.contiguous(memory_format=torch.channels_last)))
        return contrastive_loss(rows.float(), self.temperature)

    def configure_optimizers(self) -> Any:
        """AdamW, whose learning rate rises and then falls along a cosine."""
        optimizer = torch.optim.AdamW(self.parameters(), self.lr, weight_decay=1e-4, fused=True)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self._share)
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]

    def _share(self, step: int) -> float:
        """Of the learning rate, at a step."""
        rising = (step + 1) / (WARM_UP * self.steps)
        return min(rising, (1 + cos(pi * step / self.steps)) / 2)


def shrunk(pixels: Tensor, side: int) -> Tensor:
    """uint8 pixels [B, C, H, W] at `side` pixels a side, as the encoder will see them."""
    if pixels.shape[-2:] == (side, side):
        return pixels
    return Resize(side)(pixels).round().to(pixels.dtype)


def contrastive_loss(rows: Tensor, temperature: float) -> Tensor:
    """The normalised, temperature-scaled cross entropy of two views, rows [2 B, D] (Chen et al.,
    2020): row i and row i + B are of one image.

    >>> rows = torch.eye(2).repeat(2, 1)  # views agree, images differ
    >>> round(contrastive_loss(rows, temperature=1.0).item(), 3)
    0.551
    """
    directions, count = normalize(rows), len(rows)
    likeness = directions @ directions.T / temperature
    likeness.fill_diagonal_(-torch.inf)
    partners = (torch.arange(count, device=rows.device) + count // 2) % count
    return cross_entropy(likeness, partners)


class ShuffledBatches(Dataset[tuple[Tensor, Tensor]]):
    """The batches of an epoch in turn: (indices [B], uint8 pixels [B, C, H, W]) of the images
    `of`, each once, in an order keyed by epoch and divided nearly equally.
    """

    def __init__(
        self, images: Images, of: Tensor, size: int, seed: int, epoch: Callable[[], int]
    ) -> None:
        self.images, self.of, self.size, self.seed, self.epoch = images, of, size, seed, epoch
        self.dealt: tuple[int, tuple[Tensor, ...]] = (-1, ())  # an epoch and its batches

    def __len__(self) -> int:
        return max(len(self.of) // self.size, 1)

    def __getitem__(self, step: int) -> tuple[Tensor, Tensor]:
        epoch = self.epoch()
        if self.dealt[0] != epoch:
            keyed = generator("ssl order", self.seed, epoch)
            order = self.of[torch.randperm(len(self.of), generator=keyed)]
            self.dealt = (epoch, order.tensor_split(len(self)))
        indices = self.dealt[1][step]
        return indices, self.images.fetch(np.asarray(indices))
