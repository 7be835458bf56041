"""The forward pass over many images: fast, exact, and divided among processes without padding or repeats."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from pytorch_lightning import Trainer
from torch import Tensor, distributed

from askwell.dataset.base import Images
from askwell.model.frozen import FrozenNetwork

BATCH_SIZES = {"cpu": 64, "cuda": 1024}
"""Images a forward pass by kind of device: small enough for a CPU's cache, large enough to fill a GPU. See bench/."""


def batch_size_for(device: torch.device) -> int:
    """The fixed default of a device: timing it at run time would change last bits, and so the queries."""
    return BATCH_SIZES.get(device.type, BATCH_SIZES["cuda"])


@dataclass(frozen=True)
class Scorer:
    """Runs a frozen network over images of a store.

    Batches are cut by position at a fixed size and dealt to the processes in turn, and the last one is padded: every
    forward has the same shape and content for any number of processes, so that the logits are equal bit for bit.
    """

    network: FrozenNetwork
    batch_size: int
    trainer: Trainer

    def logits(self, images: Images, indices: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """(positions among `indices` [B], logits [B, C] on the device) of this process's share, in order."""
        strategy, precision = self.trainer.strategy, self.trainer.precision_plugin
        for start in range(strategy.global_rank * self.batch_size, len(indices), strategy.world_size * self.batch_size):
            batch = indices[start : start + self.batch_size]
            padded = torch.cat([batch, batch[-1:].expand(self.batch_size - len(batch))])
            pixels = images.fetch(padded.numpy()).to(strategy.root_device, non_blocking=True)
            with torch.inference_mode(), precision.forward_context():
                logits = self.network(pixels)[: len(batch)].float()
            yield torch.arange(start, start + len(batch)), logits

    def gather(self, share: Any) -> list[Any]:
        """The shares of all processes, in order of rank."""
        if self.trainer.world_size == 1:
            return [share]
        shares: list[Any] = [None] * self.trainer.world_size
        distributed.all_gather_object(shares, share)
        return shares
