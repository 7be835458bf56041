"""The forward pass over many images: fast, exact, and divided among processes without padding or repeats."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from pytorch_lightning.utilities.exceptions import SIGTERMException
from pytorch_lightning.utilities.memory import garbage_collection_cuda, is_oom_error
from torch import Tensor

from askwell.agreement import gather
from askwell.dataset.base import Images
from askwell.model.frozen import FrozenNetwork
from askwell.progress import PoolProgress

log = logging.getLogger(__name__)

View = Callable[[Tensor], Tensor]
"""Images [B, channels, H, W] to what is asked of them: logits [B, C] or features [B, D]."""

PIXELS_AT_ONCE = {"cpu": 256 * 28 * 28, "cuda": 4096 * 28 * 28}
"""Pixels a forward pass by kind of device, at most: few enough for a CPU's memory, enough to fill a GPU.

`python -m bench.batch_size` finds them.
"""


def batch_size_for(device: torch.device, images: Images) -> int:
    """The fixed default for a device and a size of images: one timed in the run would change last bits, and queries.

    A power of two, so that halving it when memory runs out leaves equal parts.
    """
    height, width = images.fetch(np.zeros(1, np.int64)).shape[-2:]
    fitting = PIXELS_AT_ONCE.get(device.type, PIXELS_AT_ONCE["cuda"]) // (height * width)
    return 1 << max(fitting.bit_length() - 1, 0)


@dataclass
class Scorer:
    """Runs a frozen network over images of a store.

    Batches are cut by position at a fixed size and dealt to the processes in turn, and the last one is padded: every
    forward has the same shape and content for any number of processes, so that the logits are equal bit for bit. A
    process that runs out of memory goes on with half as many images at once; what is dealt to it stays the same.
    """

    network: FrozenNetwork
    batch_size: int
    trainer: Any  # the Lightning trainer whose device, precision and processes are used
    halvings: int = 0  # how often memory ran out

    @property
    def at_once(self) -> int:
        """Images in one forward."""
        return max(self.batch_size >> self.halvings, 1)

    def logits(self, images: Images, indices: Tensor, purpose: str) -> Iterator[tuple[Tensor, Tensor]]:
        """(positions among `indices` [B], logits [B, C] on the device) of this process's share, in order.

        `purpose`, such as "scoring", stands at the progress bar.
        """
        trainer, size = self.trainer, self.batch_size
        starts = range(trainer.global_rank * size, len(indices), trainer.world_size * size)
        for start in self._tracked(starts, purpose):
            if trainer.received_sigterm:  # Lightning itself looks between training steps only
                raise SIGTERMException
            batch = indices[start : start + size]
            yield torch.arange(start, start + len(batch)), self._batch(images, batch)

    def logits_of(self, images: Images, indices: np.ndarray) -> Tensor:
        """The logits of a few images, float32 [B, C] on the CPU, all from this process."""
        parts = torch.from_numpy(indices).split(self.batch_size)
        return torch.cat([self._batch(images, part).cpu() for part in parts])

    def features(self, images: Images, indices: np.ndarray) -> Tensor:
        """What the last layer sees of a few images, float32 [B, D] on the CPU."""
        parts = torch.from_numpy(indices).split(self.batch_size)
        return torch.cat([self._run(images.fetch(part.numpy()), self.network.features).cpu() for part in parts])

    def _batch(self, images: Images, indices: Tensor) -> Tensor:
        """Logits of at most `batch_size` images, filled up to that many: a compiled network knows one shape only."""
        padded = torch.cat([indices, indices[-1:].expand(self.batch_size - len(indices))])
        return self._run(images.fetch(padded.numpy()), self.network)[: len(indices)]

    def _run(self, pixels: Tensor, view: View) -> Tensor:
        while True:
            try:
                return torch.cat([self._forward(part, view) for part in pixels.split(self.at_once)])
            except RuntimeError as error:
                if self.at_once == 1 or not is_oom_error(error):
                    raise
            self._halve()  # out here, since the error holds on to the memory

    def _halve(self) -> None:
        garbage_collection_cuda()
        self.halvings += 1
        log.warning("out of memory: scoring goes on with %d images at once, which may change last bits", self.at_once)

    def _forward(self, pixels: Tensor, view: View) -> Tensor:
        device = self.trainer.strategy.root_device
        if device.type == "cuda" and not pixels.is_cuda:
            pixels = pixels.pin_memory()  # so that the next batch is fetched while this one travels
        with torch.inference_mode(), self.trainer.precision_plugin.forward_context():
            return view(pixels.to(device, non_blocking=True)).float()

    def _tracked(self, starts: range, purpose: str) -> Iterable[int]:
        bars = [callback for callback in self.trainer.callbacks if isinstance(callback, PoolProgress)]
        return bars[0].track(starts, len(starts), purpose) if bars else starts

    def gather(self, share: Any) -> list[Any]:
        """The shares of all processes, in order of rank."""
        return gather(share, self.trainer.world_size)

    def agree(self) -> None:
        """From now on all processes go on with the smallest of their batches."""
        self.halvings = max(self.gather(self.halvings))
