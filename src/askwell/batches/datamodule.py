"""The Lightning data module whose training set grows."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pytorch_lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from askwell.batches.augmentation import Augmentation
from askwell.batches.sampler import LabelledBatches
from askwell.dataset.base import ImageDataset, Images, OpenDataset
from askwell.dataset.realism import Realism
from askwell.embedding.base import Embedding, Embeddings
from askwell.embedding.embedded import EmbeddedImages, embedded, rows_of
from askwell.embedding.own import Own
from askwell.errors import UserError
from askwell.pool import Pool
from askwell.randomness import generator, key

HANGS = 300
"""Seconds without a batch after which a loader is given up; the run ends and can resume."""


INPUTS = ("pixels", "embeddings")
ALL = "all"


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

    `train_batch_size` counts the images of one process; "all" is one batch of all labelled images.
    Labels come from the pool when a batch reaches the device: loader workers only see indices and
    pixels. With `inputs` "embeddings" a batch holds rows of `embedding` instead of pixels.
    """

    trainer: Any  # the Lightning trainer, attached before any hook is called

    def __init__(
        self,
        dataset: ImageDataset,
        train_batch_size: int | str,
        seed: int,
        num_workers: int = 0,
        augmentation: Augmentation | None = None,
        embedding: Embedding | None = None,
        inputs: str = "pixels",
        realism: Realism | None = None,
    ) -> None:
        super().__init__()
        _refuse_batch_size(train_batch_size, inputs)
        if not (augmentation is None or callable(augmentation)):
            raise UserError(
                f"datamodule.augmentation={augmentation}: expected {{_target_: ...}} of what "
                "augments images"
            )
        if inputs not in INPUTS:
            raise UserError(f"datamodule.inputs={inputs}: expected {' or '.join(INPUTS)}")
        if inputs == "embeddings" and augmentation is not None:
            raise UserError(
                "datamodule.augmentation needs pixels and a head is trained on rows: leave it out, "
                "or choose model=finetune"
            )
        self._dataset, self._embedding, self.inputs = dataset, embedding or Own(), inputs
        self._realism = realism or Realism()
        self._batch_size, self.seed, self.num_workers = train_batch_size, seed, num_workers
        self.augmentation = augmentation

    @cached_property
    def dataset(self) -> OpenDataset:
        """The data set, found and decoded (or mapped) on first use, as `realism` changes it, with
        rows in the place of pixels where they are the inputs.
        """
        opened = self._realism(self._dataset.open())
        if self.inputs == "pixels":
            return opened
        return embedded(opened, self._embedding, Path(self._dataset.cache_dir))

    @cached_property
    def embeddings(self) -> Embeddings | None:
        """The encoder's rows of the training images; None where strategies see the network's own
        features.
        """
        images = self.dataset.train
        if isinstance(images, EmbeddedImages):
            return images.embeddings
        return rows_of(self._embedding, images, "train", Path(self._dataset.cache_dir))

    @property
    def features(self) -> int | None:
        """Numbers in a row, where rows are the inputs."""
        images = self.dataset.train
        return images.embeddings.features if isinstance(images, EmbeddedImages) else None

    @property
    def train_batch_size(self) -> int:
        """Images of a batch in one process."""
        return len(self.dataset.train) if self._batch_size == ALL else int(self._batch_size)

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


def _refuse_batch_size(size: int | str, inputs: str) -> None:
    """Raises UserError for a batch that the networks of these inputs cannot be trained on."""
    if size == ALL and inputs == "pixels":
        raise UserError(
            "protocol=head trains on all labelled images at once, which is for model=linear and "
            "model=mlp: choose one of them, or another protocol="
        )
    if size == ALL:
        return
    if inputs == "embeddings":
        raise UserError(
            f"datamodule.train_batch_size={size}: a head is trained on all labelled images at "
            "once, choose protocol=head"
        )
    if not isinstance(size, int) or size < 4:
        raise UserError(
            f"datamodule.train_batch_size={size}: expected at least 4, or batch norm would meet a "
            "single image and fail"
        )


def _as_fetched(batch: Any) -> Any:
    """`__getitems__` has put the batch together already."""
    return batch
