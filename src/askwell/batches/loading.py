"""Whole batches from a store, by a loader whose workers last as long as the run."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from askwell.dataset.base import Images
from askwell.randomness import generator

HANGS = 300
"""Seconds without a batch after which a loader is given up; the run ends and can resume."""


class Fetched(Dataset[tuple[Tensor, Tensor]]):
    """Gives a DataLoader a whole batch by one indexing operation.

    A batch is (indices [B], uint8 pixels [B, C, H, W]).
    """

    def __init__(self, images: Images) -> None:
        self.images = images

    def __getitems__(self, indices: list[int]) -> tuple[Tensor, Tensor]:
        return torch.tensor(indices), self.images.fetch(np.asarray(indices))


def loader_of(
    images: Dataset[Any], batches: Any, num_workers: int, seed: int, pin_memory: bool
) -> DataLoader[Any]:
    """The loader of the batches of indices that a sampler deals out, read live."""
    return DataLoader(
        images,
        batch_sampler=batches,
        collate_fn=_as_fetched,
        num_workers=num_workers,
        persistent_workers=num_workers > 0,
        timeout=HANGS if num_workers else 0,
        pin_memory=pin_memory,
        generator=generator("workers", seed),
    )


def _as_fetched(batch: Any) -> Any:
    """`__getitems__` has put the batch together already."""
    return batch
