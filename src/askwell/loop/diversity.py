"""How much the images of one query differ from each other, by their features."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from askwell.randomness import key

Features = Callable[[np.ndarray], Tensor]
"""Indices [B] to the features of these images, [B, D]."""

NEAR = 0.05
"""The share of random images that are near-duplicates, by definition."""

MOST = 1000
"""The most images of a query that are compared.

The distances between all pairs of more would take too much memory.
"""


class Diversity(NamedTuple):
    """The diversity of a query, relative to as many random images of the pool."""

    distance: (
        float  # mean distance between two images, as a multiple of that between two random ones
    )
    # share of images as near to another one of the query as the nearest NEAR of random ones are
    near_duplicates: float


def query_diversity(
    queried: Tensor, features: Features, left: np.ndarray, seed: int, round: int
) -> Diversity | None:
    """The diversity of a query at the end of `round`, by the features [Q, D] of its images.

    It is measured against random ones of those that are `left` in the pool.
    """
    size = min(len(queried), len(left), MOST)
    random = np.random.default_rng(key("diversity", seed, round)).choice(left, size, replace=False)
    return diversity(queried[:size], features(np.sort(random))) if size > 1 else None


def diversity(queried: Tensor, random: Tensor) -> Diversity | None:
    """The diversity by the features [B, D] of queried and of random images.

    None where the network sees no difference between the random ones.
    """
    between, usual = _distances(queried), _distances(random)
    if not usual.any():
        return None
    threshold = _nearest(usual).quantile(NEAR)
    return Diversity(
        (between.sum() / usual.sum()).item(),
        (_nearest(between) <= threshold).double().mean().item(),
    )


def _distances(features: Tensor) -> Tensor:
    """Between all pairs, [B, B]; exactly 0 for equal ones, which the faster formula would miss."""
    return torch.cdist(
        features.double(), features.double(), compute_mode="donot_use_mm_for_euclid_dist"
    )


def _nearest(distances: Tensor) -> Tensor:
    """How far the nearest other image is from each, [B]."""
    return distances.clone().fill_diagonal_(torch.inf).amin(dim=1)
