"""Labelled and unlabelled images in one batch, for protocol=semi."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from askwell.batches.augmentation import Augmentation
from askwell.errors import UserError
from askwell.images.contracts import Images
from askwell.model.fixmatch import Together
from askwell.pool import Pool
from askwell.randomness import generator, key


@dataclass(frozen=True)
class Unlabelled:
    """How unlabelled images are shown: `ratio` of them for each labelled one, in `steps` batches
    per epoch, as `weak` and as `strong` views. Views are keyed by seed, epoch, step and image.
    """

    steps: int
    ratio: int
    weak: Augmentation
    strong: Augmentation

    def __post_init__(self) -> None:
        for setting, value in (("steps", self.steps), ("ratio", self.ratio)):
            if not isinstance(value, int) or value < 1:
                raise UserError(f"protocol.unlabelled.{setting}={value}: expected at least 1")

    def views(self, batch: "Fetched", labels: Tensor, seed: int, epoch: int) -> Together:
        """The batch as the network sees it."""
        labelled, unlabelled = batch.indices.tensor_split([batch.labelled])
        known, others = batch.pixels.tensor_split([batch.labelled])

        def seen(view: Augmentation, purpose: str) -> Tensor:
            keyed = key(purpose, seed, epoch, batch.step)
            return view(others, unlabelled, keyed) if len(others) else others

        weakly = self.weak(known, labelled, key("labelled view", seed, epoch, batch.step))
        return Together(
            weakly, labels, seen(self.weak, "weak view"), seen(self.strong, "strong view")
        )


class Drawn(NamedTuple):
    """The indices of a batch."""

    step: int
    labelled: list[int]
    unlabelled: list[int]


class Fetched(NamedTuple):
    """A batch of which the first `labelled` images have labels."""

    step: int
    labelled: int
    indices: Tensor  # int64 [B + U]
    pixels: Tensor  # uint8 [B + U, C, H, W]


class FetchedTogether(Dataset[Fetched]):
    """Gives a DataLoader a whole batch by one indexing operation."""

    def __init__(self, images: Images) -> None:
        self.images = images

    def __getitems__(self, drawn: Drawn) -> Fetched:
        indices = [*drawn.labelled, *drawn.unlabelled]
        pixels = self.images.fetch(np.asarray(indices))
        return Fetched(drawn.step, len(drawn.labelled), torch.tensor(indices), pixels)


class MixedBatches(Sampler[Drawn]):
    """Batches of `batch_size` labelled images for each process and `ratio` times as many candidates
    of the pool. Both go through all their images in an order keyed by epoch, again and again.
    """

    def __init__(
        self,
        pool: Pool,
        batch_size: int,
        seed: int,
        epoch: Callable[[], int],
        rank: int,
        world_size: int,
        unlabelled: Unlabelled,
    ) -> None:
        self.pool, self.batch_size, self.seed, self.epoch = pool, batch_size, seed, epoch
        self.rank, self.world_size, self.unlabelled = rank, world_size, unlabelled

    def __len__(self) -> int:
        return self.unlabelled.steps if len(self.pool.usable) else 0

    def __iter__(self) -> Iterator[Drawn]:
        size = self.batch_size * self.world_size
        labelled = self._drawn("order", self.pool.usable, size)
        others = self._drawn("unlabelled", self.pool.unlabelled, size * self.unlabelled.ratio)
        for step, parts in enumerate(zip(labelled, others, strict=True)):
            shares = [part.tensor_split(self.world_size)[self.rank].tolist() for part in parts]
            yield Drawn(step, *shares)

    def _drawn(self, purpose: str, indices: Tensor, size: int) -> list[Tensor]:
        """The indices of every step, [size] each; empty where there are none."""
        keyed, steps = generator(purpose, self.seed, self.epoch()), len(self)
        passes = -(-size * steps // max(len(indices), 1)) if len(indices) else 0
        orders = [indices[torch.randperm(len(indices), generator=keyed)] for _ in range(passes)]
        together = torch.cat([*orders, indices[:0]])[: size * steps]
        return list(together.tensor_split(steps)) if steps else []
