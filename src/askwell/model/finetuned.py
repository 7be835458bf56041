"""A pretrained encoder with a new last layer, trained as a whole."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from askwell.errors import UserError
from askwell.model.classifier import Classifier
from askwell.model.fixmatch import FixMatch


class Finetuned(Classifier):
    """Begins with the weights of `encoder`, one of conf/embedding that is a network.

    The encoder resizes and normalises as it was trained, so nothing is taken from the data set but
    what an encoder learns from its images.
    """

    def __init__(
        self,
        encoder: Any,
        num_classes: int,
        optimizer: Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer],
        lr_scheduler: Callable[[torch.optim.Optimizer], torch.optim.lr_scheduler.LRScheduler]
        | None = None,
        semi: FixMatch | None = None,
    ) -> None:
        trunk = getattr(encoder, "network", None)
        if not isinstance(trunk, nn.Module):
            raise UserError(
                "model=finetune begins with an encoder: choose embedding=ssl, efficientnet_lite0, "
                "torchvision or timm"
            )
        network = nn.Sequential(trunk, nn.Linear(encoder.features, num_classes))
        super().__init__(network, optimizer, 3, lr_scheduler, nn.Identity(), semi)
        self.encoder = encoder

    def setup(self, stage: str) -> None:
        """Begins with what the encoder has learned; its own normalisation stays."""
        self.trainer.datamodule.teach(self.encoder)  # type: ignore[attr-defined]
