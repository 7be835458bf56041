"""The forward pass over many images: fast, exact, divided without padding or repeats."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from askwell.images.contracts import Images
from askwell.processes import ALONE, CPU, Processes
from askwell.scoring.frozen import FrozenNetwork
from askwell.strategy.look import Look

log = logging.getLogger(__name__)

PIXELS_AT_ONCE = {"cpu": 256 * 28 * 28, "cuda": 4096 * 28 * 28}
"""The most pixels in one forward pass, by kind of device.

Few enough for a CPU's memory, enough to fill a GPU. `python -m bench.batch_size` finds them.
"""

Track = Callable[[Iterable[int], int, str], Iterable[int]]
"""(batches of a pass, their number, its purpose such as "scoring") to the same batches, watched."""


def batch_size_for(device: torch.device, images: Images) -> int:
    """The fixed default for a device and a size of images.

    A size measured during the run would change last bits, and with them queries.

    A power of two, so that halving it when memory runs out leaves equal parts.
    """
    height, width = images.fetch(torch.zeros(1, dtype=torch.int64).numpy()).shape[-2:]
    fitting = PIXELS_AT_ONCE.get(device.type, PIXELS_AT_ONCE["cuda"]) // (height * width)
    return 1 << max(fitting.bit_length() - 1, 0)


def unwatched(batches: Iterable[int], total: int, purpose: str) -> Iterable[int]:
    return batches


@dataclass
class Scorer:
    """Runs a frozen network over images of a store.

    Batches are cut by position at a fixed size and dealt to the processes in turn, and the last one
    is padded: every forward has the same shape and content for any number of processes, so the
    looks are equal bit for bit. A process that runs out of memory continues with half as many
    images at once; its share stays the same.
    """

    network: FrozenNetwork
    batch_size: int
    device: torch.device = CPU
    processes: Processes = ALONE
    precision: Callable[[], AbstractContextManager[None]] = nullcontext
    track: Track = unwatched
    halvings: int = 0  # how often memory ran out

    @property
    def at_once(self) -> int:
        """Images in one forward."""
        return max(self.batch_size >> self.halvings, 1)

    def looks(self, images: Images, indices: Tensor, purpose: str) -> Iterator[tuple[Tensor, Look]]:
        """(positions among `indices` [B], look on the device) of this process's share, in order."""
        size = self.batch_size
        starts = range(self.processes.rank * size, len(indices), self.processes.size * size)
        for start in self.track(starts, len(starts), purpose):
            batch = indices[start : start + size]
            yield torch.arange(start, start + len(batch)), self._batch(images, batch)

    def look_at(self, images: Images, indices: Tensor) -> Look:
        """A look at a few images, float32 on the CPU, all from this process."""
        return _joined(
            [_on_cpu(self._batch(images, part)) for part in indices.split(self.batch_size)]
        )

    def agree(self) -> None:
        """Makes all processes use the smallest of their batch sizes from now on."""
        self.halvings = max(self.processes.gather(self.halvings))

    def _batch(self, images: Images, indices: Tensor) -> Look:
        """A look at up to `batch_size` images, padded to that many for a compiled network."""
        padded = torch.cat([indices, indices[-1:].expand(self.batch_size - len(indices))])
        look = self._run(images.fetch(padded.numpy()))
        return Look(*(part[: len(indices)] for part in look))

    def _run(self, pixels: Tensor) -> Look:
        while True:
            try:
                return _joined([self._forward(part) for part in pixels.split(self.at_once)])
            except RuntimeError as error:
                if self.at_once == 1 or not _is_out_of_memory(error):
                    raise
            self._halve()  # out here, since the error holds on to the memory

    def _halve(self) -> None:
        # Seconds of imports, which the page of `askwell label` can do without.
        from pytorch_lightning.utilities.memory import garbage_collection_cuda

        garbage_collection_cuda()
        self.halvings += 1
        log.warning(
            "out of memory: scoring continues with %d images at once, which may change last bits",
            self.at_once,
        )

    def _forward(self, pixels: Tensor) -> Look:
        if self.device.type == "cuda" and not pixels.is_cuda:
            pixels = pixels.pin_memory()  # so that the next batch is fetched while this one travels
        with torch.inference_mode(), self.precision():
            return Look(
                *(part.float() for part in self.network(pixels.to(self.device, non_blocking=True)))
            )


def _on_cpu(look: Look) -> Look:
    return Look(*(part.cpu() for part in look))


def _joined(looks: list[Look]) -> Look:
    return looks[0] if len(looks) == 1 else Look(*map(torch.cat, zip(*looks, strict=True)))


def _is_out_of_memory(error: RuntimeError) -> bool:
    from pytorch_lightning.utilities.memory import is_oom_error

    return bool(is_oom_error(error))
