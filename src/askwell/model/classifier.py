"""The Lightning module: a network, its loss, its optimizer."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from pytorch_lightning import LightningModule
from torch import Tensor, nn
from torch.nn.functional import cross_entropy


class Standardise(nn.Module):
    """uint8 pixels [B, C, H, W] to mean 0 and deviation 1 in each channel."""

    scale: Tensor
    shift: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("scale", torch.full((channels, 1, 1), 1 / 255))
        self.register_buffer("shift", torch.zeros(channels, 1, 1))

    def fit(self, mean: Tensor, std: Tensor) -> None:
        """Takes the channel statistics [C] of pixels between 0 and 1."""
        self.scale.copy_((1 / (255 * std)).view(-1, 1, 1))
        self.shift.copy_((-mean / std).view(-1, 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        return pixels.to(self.scale.dtype) * self.scale + self.shift


class Classifier(LightningModule):
    """Classifies uint8 images with `network`, trained by cross entropy.

    `optimizer` takes the parameters, `lr_scheduler` the optimizer. The scheduler steps after every
    epoch and restarts with the weights (`protocol.reset`).
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer],
        channels: int,
        lr_scheduler: Callable[[torch.optim.Optimizer], torch.optim.lr_scheduler.LRScheduler]
        | None = None,
    ) -> None:
        super().__init__()
        self.standardise = Standardise(channels)
        self.network = nn.Sequential(self.standardise, network).to(
            memory_format=torch.channels_last
        )
        self.optimizer, self.lr_scheduler = optimizer, lr_scheduler

    def setup(self, stage: str) -> None:
        dataset = self.trainer.datamodule.dataset  # type: ignore[attr-defined]
        self.standardise.fit(dataset.mean, dataset.std)

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits [B, C] of uint8 pixels [B, channels, H, W]."""
        return self.network(pixels)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        pixels, labels = batch
        return cross_entropy(self(pixels), labels)

    def configure_optimizers(self) -> Any:
        optimizer = self.optimizer(self.parameters())
        return (
            optimizer
            if self.lr_scheduler is None
            else ([optimizer], [self.lr_scheduler(optimizer)])
        )
