"""The Lightning module: a network, its loss, its optimizer."""

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from pytorch_lightning import LightningModule
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from askwell.errors import UserError
from askwell.model.fixmatch import FixMatch

WHITE = 255


class Standardise(nn.Module):
    """Inputs [B, *] to mean 0 and deviation 1 in each channel or feature.

    `shape` is that of their statistics: (C, 1, 1) for pixels [B, C, H, W], (D,) for rows [B, D].
    The statistics are in units of `white`, as those of a data set are.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, shape: tuple[int, ...], white: int = WHITE) -> None:
        super().__init__()
        self.white = white
        self.register_buffer("scale", torch.full(shape, 1 / white))
        self.register_buffer("shift", torch.zeros(shape))

    def fit(self, mean: Tensor, std: Tensor) -> None:
        """Takes the mean and the deviation of each channel or feature, in units of `white`."""
        self.scale.copy_((1 / (self.white * std)).view(self.scale.shape))
        self.shift.copy_((-mean / std).view(self.shift.shape))

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs.to(self.scale.dtype) * self.scale + self.shift


class Classifier(LightningModule):
    """Classifies uint8 images with `network`, trained by cross entropy.

    `optimizer` takes the parameters, `lr_scheduler` the optimizer. The scheduler steps after every
    epoch and restarts with the weights (`protocol.reset`). `standardise` replaces what normalises
    images of so many `channels`. `semi` is the loss of batches with unlabelled images.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer],
        channels: int = 3,
        lr_scheduler: Callable[[torch.optim.Optimizer], torch.optim.lr_scheduler.LRScheduler]
        | None = None,
        standardise: nn.Module | None = None,
        semi: FixMatch | None = None,
    ) -> None:
        super().__init__()
        self.standardise: Any = standardise or Standardise((channels, 1, 1))
        self.network = nn.Sequential(self.standardise, network).to(
            memory_format=torch.channels_last
        )
        self.optimizer, self.lr_scheduler, self.semi = optimizer, lr_scheduler, semi

    def setup(self, stage: str) -> None:
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        if getattr(data, "unlabelled", None) is not None and self.semi is None:
            raise UserError(
                "protocol=semi needs a model that takes unlabelled images: choose model=cnn or "
                "resnet18, or give yours semi=${protocol.semi}"
            )
        dataset = data.dataset
        self.standardise.fit(dataset.mean, dataset.std)

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits [B, C] of uint8 pixels [B, channels, H, W]."""
        return self.network(pixels)

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        if self.semi is not None:
            loss: Tensor = self.semi(self.network, batch, self.trainer.strategy.reduce)
            return loss
        pixels, labels = batch
        return cross_entropy(self(pixels), labels)

    def configure_optimizers(self) -> Any:
        optimizer = self.optimizer(self.parameters())
        return (
            optimizer
            if self.lr_scheduler is None
            else ([optimizer], [self.lr_scheduler(optimizer)])
        )


def untaught_copy(network: nn.Module, initial: Mapping[str, Tensor]) -> nn.Module:
    """A copy of a classifier's `network` with the weights that the classifier had before it was
    trained, by their names there, and with the statistics of its data.
    """
    untaught = copy.deepcopy(network)
    weights = {name.removeprefix("network."): weight for name, weight in initial.items()}
    kept = [name for name, one in network.named_modules() if isinstance(one, Standardise)]
    own = network.state_dict()
    state = {name: weights.get(name, own[name]) for name in own}
    state |= {name: own[name] for name in own if name.rpartition(".")[0] in kept}
    untaught.load_state_dict(state)
    return untaught
