"""Which labelled images a training step sees."""

from collections.abc import Callable, Iterator

import torch
from torch.utils.data import Sampler

from askwell.pool import Pool
from askwell.randomness import generator


class LabelledBatches(Sampler[list[int]]):
    """Batches of the images labelled so far: each once per epoch, in an order keyed by epoch.

    The shuffled images are divided into batches of nearly equal size, at most `batch_size`, and
    each batch among the processes: no image twice, the same number of steps everywhere, and from a
    `batch_size` of 4 on never a single image for batch norm to fail on.
    """

    def __init__(
        self,
        pool: Pool,
        batch_size: int,
        seed: int,
        epoch: Callable[[], int],
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.pool, self.batch_size, self.seed, self.epoch = pool, batch_size, seed, epoch
        self.rank, self.world_size = rank, world_size

    def __len__(self) -> int:
        return -(-len(self.pool.usable) // (self.batch_size * self.world_size))

    def __iter__(self) -> Iterator[list[int]]:
        keyed = generator("order", self.seed, self.epoch())
        usable = self.pool.usable
        order = usable[torch.randperm(len(usable), generator=keyed)]
        steps = len(self)
        for step in order.tensor_split(steps) if steps else ():
            yield step.tensor_split(self.world_size)[self.rank].tolist()
