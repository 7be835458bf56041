"""Which images of an unlabelled pool are asked about for evaluation, and never trained on."""

import numpy as np
import torch

from askwell.errors import UserError
from askwell.randomness import generator

MOST, SHARE = 100, 5
"""The sample unless it is set: a fifth of the images without a label, 100 at the most."""
LEAST_TRAINED = 2


def evaluation_sample(count: int, given: np.ndarray, size: int | None = None) -> np.ndarray:
    """Indices of a random sample of `count` images, ascending, int64 [E]; none is among `given`.

    It depends on the arguments alone: no seed, no pixel and no machine changes it, so that all
    runs on a folder are evaluated with the same images. Raises UserError for a size that cannot be.

    >>> evaluation_sample(10, given=np.array([0, 1]), size=3).tolist()
    [5, 6, 8]
    """
    candidates = np.setdiff1d(np.arange(count), given)
    wanted = _checked(size, len(candidates), count)
    order = torch.randperm(len(candidates), generator=generator("evaluation", count)).numpy()
    return np.sort(candidates[order[:wanted]])


def _checked(size: int | None, candidates: int, count: int) -> int:
    wanted = min(MOST, max(candidates // SHARE, 1)) if size is None else size
    if not isinstance(wanted, int) or wanted < 1:
        raise UserError(f"dataset.evaluation_size must be a whole number above 0, found {size}")
    if wanted > candidates or count - wanted < LEAST_TRAINED:
        raise UserError(
            f"dataset.evaluation_size={wanted} leaves {max(count - wanted, 0)} images to train on, "
            f"out of {count} of which {candidates} have no label: at least {LEAST_TRAINED} must be "
            "left, add images or set a smaller one"
        )
    return wanted
