"""What rows are worth: a linear head on a few random labels, measured on the evaluation set."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from askwell.embedding.base import Embeddings
from askwell.embedding.embedded import BLOCK, EmbeddedImages, statistics
from askwell.images.contracts import Images, truth_of
from askwell.images.opening import OpenDataset
from askwell.model.head import Head, fit
from askwell.randomness import generator

DRAWS = 5  # of random labels
RAW_SIDE = 16  # pixels to which images are shrunk for the probe of their pixels

BuildHead = Callable[[int, int], Head]
"""D features and C classes to a head that is not trained yet."""


def accuracies(
    dataset: OpenDataset, train: Embeddings, evaluation: Embeddings, size: int, build: BuildHead
) -> list[float]:
    """The accuracy of a head trained on `size` random labels, for each draw of them; the draws are
    the same for every encoder.
    """
    location, found = statistics(train.values), []
    for draw in range(DRAWS):
        order = torch.randperm(len(train), generator=generator("probe", draw))[:size]
        head = build(train.features, len(dataset.classes))
        head.standardise.fit(*location)
        fit(head, train.rows(order), torch.from_numpy(truth_of(dataset.train))[order])
        found.append(accuracy(head, EmbeddedImages(dataset.evaluation, evaluation)))
    return found


def accuracy(head: Head, images: EmbeddedImages) -> float:
    """The share of the images that a head recognises."""
    hits = 0
    for block in _blocks(images):
        with torch.inference_mode():
            predicted = head(images.fetch(block)).argmax(dim=1).numpy()
        hits += int((predicted == truth_of(images)[block]).sum())
    return hits / len(images)


def raw_pixels(images: Images) -> Embeddings:
    """The pixels themselves as rows, of images shrunk to 16 pixels a side where they are larger."""
    values = np.concatenate([_shrunk(images.fetch(block)).numpy() for block in _blocks(images)])
    return Embeddings(values, f"raw {images.fingerprint}")


def _shrunk(pixels: Tensor) -> Tensor:
    side = min(RAW_SIDE, *pixels.shape[-2:])
    return interpolate(pixels.float(), size=side, mode="area").flatten(1).half()


def _blocks(images: Images) -> list[np.ndarray]:
    return np.array_split(np.arange(len(images)), -(-len(images) // BLOCK))
