"""How much the images of one query differ from each other, in the eyes of the network."""

from typing import NamedTuple

import torch
from torch import Tensor

NEAR = 0.05
"""Of random images so many are near-duplicates, by definition: what is nearer than theirs is near."""


class Diversity(NamedTuple):
    """Of a query, measured against as many random images of the pool."""

    distance: float  # mean distance between two images, as a multiple of that between two random ones
    near_duplicates: float  # share of images nearer to another one of the query than NEAR of the random ones are


def diversity_of(queried: Tensor, random: Tensor) -> Diversity | None:
    """By the features [Q, D] of the queried images and [R, D] of random ones; None for fewer than two of either.

    Also None where the network sees no difference between random images.
    """
    if min(len(queried), len(random)) < 2:
        return None
    between, usual = torch.cdist(queried.double(), queried.double()), torch.cdist(random.double(), random.double())
    if not usual.sum() > 0:
        return None
    threshold = _nearest(usual).quantile(NEAR)
    return Diversity((_mean(between) / _mean(usual)).item(), (_nearest(between) < threshold).double().mean().item())


def _mean(distances: Tensor) -> Tensor:
    """The mean of [N, N] distances, without those of 0 of each image from itself."""
    return distances.sum() / (len(distances) * (len(distances) - 1))


def _nearest(distances: Tensor) -> Tensor:
    """How far the nearest other image is from each, [N]."""
    return distances.clone().fill_diagonal_(torch.inf).amin(dim=1)
