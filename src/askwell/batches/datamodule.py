"""The Lightning data module whose training set grows."""

from functools import cached_property
from typing import Any

import numpy as np
import torch
from pytorch_lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from askwell.batches.augmentation import Augmentation
from askwell.batches.sampler import LabelledBatches
from askwell.dataset.base import ImageDataset, Images, OpenDataset
from askwell.errors import UserError
from askwell.pool import Pool
from askwell.randomness import generator, key

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


class ActiveDataModule(LightningDataModule):
    """Batches of (pixels, labels) of the labelled images, the pool, and the evaluation set.

    `train_batch_size` counts the images of one process. Labels come from the pool when a batch
    reaches the device: loader workers only see indices and pixels.
    """

    trainer: Any  # the Lightning trainer, attached before any hook is called

    def __init__(
        self,
        dataset: ImageDataset,
        train_batch_size: int,
        seed: int,
        num_workers: int = 0,
        augmentation: Augmentation | None = None,
    ) -> None:
        super().__init__()
        if train_batch_size < 4:
            few = f"datamodule.train_batch_size={train_batch_size}"
            raise UserError(
                f"{few}: expected at least 4, or batch norm would meet a single image and fail"
            )
        if not (augmentation is None or callable(augmentation)):
            raise UserError(
                f"datamodule.augmentation={augmentation}: expected {{_target_: ...}} of what "
                "augments images"
            )
        self._dataset = dataset
        self.train_batch_size, self.seed, self.num_workers = train_batch_size, seed, num_workers
        self.augmentation = augmentation

    @cached_property
    def dataset(self) -> OpenDataset:
        """The data set, found and decoded (or mapped) on first use."""
        return self._dataset.open()

    @cached_property
    def pool(self) -> Pool:
        dataset = self.dataset
        apart = (dataset.held, dataset.given, dataset.broken)
        return Pool(len(dataset.train), *(indices.tolist() for indices in apart))

    @cached_property
    def _train_loader(self) -> DataLoader[tuple[Tensor, Tensor]]:
        """One loader for the whole run: its sampler reads the pool live, so its workers stay."""
        batches = LabelledBatches(
            self.pool,
            self.train_batch_size,
            self.seed,
            epoch=lambda: self.trainer.current_epoch,
            rank=self.trainer.global_rank,
            world_size=self.trainer.world_size,
        )
        return DataLoader(
            Fetched(self.dataset.train),
            batch_sampler=batches,
            collate_fn=_as_fetched,
            num_workers=self.num_workers,
            persistent_workers=self.num_workers > 0,
            timeout=HANGS if self.num_workers else 0,
            pin_memory=self.trainer.strategy.root_device.type == "cuda",
            generator=generator("workers", self.seed),
        )

    def train_dataloader(self) -> DataLoader[tuple[Tensor, Tensor]]:
        return self._train_loader

    def on_before_batch_transfer(
        self, batch: tuple[Tensor, Tensor], dataloader_idx: int
    ) -> tuple[Tensor, ...]:
        indices, pixels = batch
        return indices, pixels, self.pool.labels(indices.tolist())

    def on_after_batch_transfer(
        self, batch: tuple[Tensor, ...], dataloader_idx: int
    ) -> tuple[Tensor, Tensor]:
        indices, pixels, labels = batch
        if self.augmentation is not None:
            pixels = self.augmentation(
                pixels, indices, key("augmentation", self.seed, self.trainer.current_epoch)
            )
        return pixels, labels

    def state_dict(self) -> dict[str, Any]:
        return {"pool": self.pool.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.pool.load_state_dict(state_dict["pool"])


def _as_fetched(batch: Any) -> Any:
    """`__getitems__` has put the batch together already."""
    return batch
