"""The Lightning data module whose training set grows."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pytorch_lightning import LightningDataModule
from scipy.sparse import csr_array
from torch import Tensor
from torch.utils.data import DataLoader

from askwell.batches.augmentation import Augmentation
from askwell.batches.loading import Fetched, loader_of
from askwell.batches.sampler import LabelledBatches
from askwell.batches.unlabelled import FetchedTogether, MixedBatches, Unlabelled
from askwell.dataset.base import ImageDataset, OpenDataset
from askwell.dataset.realism import Realism
from askwell.embedding.base import Embedding, Embeddings, Learns
from askwell.embedding.embedded import EmbeddedImages, embedded, learn_from, rows_of, shown
from askwell.embedding.graph import stored_graph
from askwell.embedding.own import Own
from askwell.errors import UserError
from askwell.model.fixmatch import Together
from askwell.pool import Pool
from askwell.randomness import key

INPUTS, ALL = ("pixels", "embeddings"), "all"


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
        unlabelled: Unlabelled | None = None,
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
        if unlabelled is not None and (inputs == "embeddings" or augmentation is not None):
            raise UserError(
                "protocol=semi trains on views of pixels: set protocol.unlabelled.weak in place of "
                "datamodule.augmentation, or for rows choose protocol=head model=propagation"
            )
        self._dataset, self._embedding, self.inputs = dataset, embedding or Own(), inputs
        self._realism = realism or Realism()
        self._batch_size, self.seed, self.num_workers = train_batch_size, seed, num_workers
        self.augmentation, self.unlabelled = augmentation, unlabelled

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
        return rows_of(self.dataset, self._embedding, "train", Path(self._dataset.cache_dir))

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
    def _train_loader(self) -> DataLoader[Any]:
        """One loader for the whole run: its sampler reads the pool live, so its workers stay."""
        images, mixed, parts = self.dataset.train, self.unlabelled, self._sampling
        batches: Any = (
            LabelledBatches(**parts) if mixed is None else MixedBatches(**parts, unlabelled=mixed)
        )
        return loader_of(
            Fetched(images) if mixed is None else FetchedTogether(images),
            batches,
            self.num_workers,
            self.seed,
            pin_memory=self.trainer.strategy.root_device.type == "cuda",
        )

    @property
    def _sampling(self) -> dict[str, Any]:
        """What decides which images a step sees."""
        return {
            "pool": self.pool,
            "batch_size": self.train_batch_size,
            "seed": self.seed,
            "epoch": lambda: self.trainer.current_epoch,
            "rank": self.trainer.global_rank,
            "world_size": self.trainer.world_size,
        }

    def train_dataloader(self) -> DataLoader[Any]:
        return self._train_loader

    def on_before_batch_transfer(self, batch: Any, dataloader_idx: int) -> tuple[Any, ...]:
        if self.unlabelled is not None:
            return batch, self.pool.labels(batch.indices[: batch.labelled].tolist())
        indices, pixels = batch
        return indices, pixels, self.pool.labels(indices.tolist())

    def on_after_batch_transfer(
        self, batch: tuple[Any, ...], dataloader_idx: int
    ) -> tuple[Tensor, Tensor] | Together:
        epoch = self.trainer.current_epoch
        if self.unlabelled is not None:
            return self.unlabelled.views(batch[0], batch[1], self.seed, epoch)
        indices, pixels, labels = batch
        if self.augmentation is not None:
            pixels = self.augmentation(pixels, indices, key("augmentation", self.seed, epoch))
        return pixels, labels

    def neighbours(self, count: int) -> tuple[np.ndarray, csr_array]:
        """The indices [n] of the training images that can be read and are not held out, and the
        graph of their rows, each with its nearest `count`, [n, n].
        """
        rows: Any = self.embeddings
        readable, cache_dir = shown(self.dataset), Path(self._dataset.cache_dir)
        return readable, stored_graph(rows, readable, count, cache_dir)

    def teach(self, embedding: object) -> None:
        """Lets an encoder that must learn do so, from the training images or from the cache."""
        if isinstance(embedding, Learns):
            learn_from(self.dataset, embedding, Path(self._dataset.cache_dir))

    def state_dict(self) -> dict[str, Any]:
        """The pool, and what a head's encoder has learned: to classify images it takes both."""
        state: dict[str, Any] = {"pool": self.pool.state_dict()}
        if self.inputs == "embeddings" and isinstance(self._embedding, Learns):
            state["encoder"] = self._embedding.state_dict()
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.pool.load_state_dict(state_dict["pool"])


def _refuse_batch_size(size: int | str, inputs: str) -> None:
    """Raises UserError for a batch that the networks of these inputs cannot be trained on."""
    if size == ALL and inputs == "pixels":
        raise UserError(
            "protocol=head trains on all labelled images at once, which is for model=linear, mlp "
            "and propagation: choose one of them, or another protocol="
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
