"""A data set whose images are rows of an encoder: what a head is trained on."""

from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from askwell.embedding.base import Embedding, Embeddings, Learns
from askwell.errors import UserError
from askwell.images.contracts import Images
from askwell.images.fingerprint import digest
from askwell.images.first_images import KnownByFirst
from askwell.images.opening import OpenDataset
from askwell.images.view import View
from askwell.scoring.scorer import Track, unwatched

BLOCK = 4096  # rows in memory at a time


class EmbeddedImages:
    """Images of which a batch is fetched as rows of `embeddings`; people see `pictures`."""

    def __init__(self, pictures: Images, embeddings: Embeddings) -> None:
        self.pictures, self.embeddings = pictures, embeddings
        self.truth, self.names = pictures.truth, pictures.names

    @cached_property
    def fingerprint(self) -> str:
        """A digest of images, labels and encoder, the same wherever they lie."""
        return digest(self.pictures.fingerprint, self.embeddings.fingerprint)

    def __len__(self) -> int:
        return len(self.embeddings)

    def fetch(self, indices: np.ndarray) -> Tensor:
        """The rows of the images at `indices` [B], as they are stored: float16 [B, D]."""
        return torch.from_numpy(self.embeddings.values.take(indices, axis=0))


def embedded(dataset: OpenDataset, embedding: Embedding, cache_dir: Path) -> OpenDataset:
    """The data set with rows in the place of pixels, and with mean and deviation [D] of the rows of
    the training set.

    Raises UserError for an embedding that has no rows before there is a network.
    """
    train = EmbeddedImages(dataset.train, _opened(embedding, dataset, "train", cache_dir))
    mean, std = statistics(train.embeddings.values)
    if len(dataset.held):
        evaluation: Images = View(train, dataset.held)
        return replace(dataset, train=train, evaluation=evaluation, mean=mean, std=std)
    rows = _opened(embedding, dataset, "evaluation", cache_dir)
    if train.embeddings.features != rows.features:
        raise UserError(
            f"the rows of the training set have {train.embeddings.features} numbers, those of the "
            f"evaluation set {rows.features}: compute both by one encoder"
        )
    evaluation = EmbeddedImages(dataset.evaluation, rows)
    return replace(dataset, train=train, evaluation=evaluation, mean=mean, std=std)


def pictures_of(images: Images) -> Images:
    """The images as people see them, whatever the network is given."""
    return images.pictures if isinstance(images, EmbeddedImages) else images


def statistics(rows: np.ndarray) -> tuple[Tensor, Tensor]:
    """The mean of each feature of rows [N, D], and one deviation for all of them: float64 [D] each.

    A deviation of its own for each feature would turn up the noise in those that hardly vary, and
    make a head depend on how the rows are rotated. The one deviation is the root of the mean
    variance, 1 where no feature varies.
    """
    blocks = [rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK)]
    mean = sum(block.sum(axis=0, dtype=np.float64) for block in blocks) / len(rows)
    squares = sum(np.square(block - mean).sum() for block in blocks)
    deviation = np.sqrt(squares / rows.size) or 1.0
    return torch.from_numpy(mean), torch.full_like(torch.from_numpy(mean), deviation)


def rows_of(
    dataset: OpenDataset,
    embedding: Embedding,
    split: str,
    cache_dir: Path,
    track: Track = unwatched,
) -> Embeddings | None:
    """The rows of the images of a split, train or evaluation, by an encoder that has learned from
    the training images where it must; never from those held out. A mere choice among images has
    rows of these.

    None stands for the features of the network that is trained.
    """
    if isinstance(embedding, Learns):
        learn_from(dataset, embedding, cache_dir)
    images = {"train": dataset.train, "evaluation": dataset.evaluation}[split]
    if type(images) is not View:
        return embedding.open(images, split, cache_dir, track)
    rows, indices = embedding.open(images.images, split, cache_dir, track), images.indices
    if rows is None:
        return None
    return Embeddings(rows.values[indices], digest(rows.fingerprint, *indices), rows.fingerprint)


def learn_from(dataset: OpenDataset, embedding: Learns, cache_dir: Path) -> None:
    """Lets an encoder learn from the training images that can be read and are not held out. Of a
    folder that grows these are the images that the run began with: it would be another encoder.
    """
    pictures, of = pictures_of(dataset.train), shown(dataset)
    if dataset.first_fingerprint is not None and dataset.first_shown is not None:
        pictures, of = KnownByFirst(pictures, dataset.first_fingerprint), dataset.first_shown
    embedding.learn(pictures, torch.from_numpy(of), cache_dir)


def shown(dataset: OpenDataset) -> np.ndarray:
    """The indices of the training images that can be read and are not held out, ascending."""
    apart = np.concatenate([dataset.held, dataset.broken])
    return np.setdiff1d(np.arange(len(dataset.train)), apart)


def _opened(embedding: Embedding, dataset: OpenDataset, split: str, cache_dir: Path) -> Embeddings:
    rows = rows_of(dataset, embedding, split, cache_dir)
    if rows is None:
        raise UserError(
            "a head is trained on the rows of an encoder: choose embedding=ssl, "
            "efficientnet_lite0, torchvision, timm, module or file, or another model="
        )
    return rows
