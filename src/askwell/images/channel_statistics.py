"""Mean and standard deviation of each channel, by which images are normalised."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from torch import Tensor

SAMPLE = (
    1000  # images looked at: enough for two exact digits, few enough for images decoded on demand
)
BLOCK = 64  # images in memory at a time
FLOOR = 1 / 255  # one grey level: images of one colour are not divided by zero


class Statistics(NamedTuple):
    """One number per channel, in units where white is 1."""

    mean: list[float]
    std: list[float]


def channel_statistics(fetch: Callable[[np.ndarray], Tensor], count: int) -> Statistics:
    """Mean and standard deviation over up to 1,000 evenly spaced images out of `count`.

    Levels are counted in integers, so that the order of summing cannot change the result.
    """
    indices = np.linspace(0, count - 1, min(count, SAMPLE)).astype(np.int64)
    blocks = np.array_split(indices, -(-len(indices) // BLOCK))
    counts = np.sum([_level_counts(fetch(block)) for block in blocks], axis=0)
    levels, shares = np.arange(256) / 255, counts / counts.sum(axis=1, keepdims=True)
    mean = shares @ levels
    std = np.sqrt((shares * (levels - mean[:, None]) ** 2).sum(axis=1))
    return Statistics(mean.tolist(), np.maximum(std, FLOOR).tolist())


def _level_counts(images: Tensor) -> np.ndarray:
    """How often each of the 256 levels occurs in each channel of [B, C, H, W] images, int64 [C,
    256].
    """
    return np.stack(
        [np.bincount(channel.ravel(), minlength=256) for channel in images.numpy().swapaxes(0, 1)]
    )
