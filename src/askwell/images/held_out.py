"""Which images are kept for evaluation where a data set does not define it."""

from collections.abc import Sequence
from hashlib import sha256

import numpy as np

from askwell.errors import UserError


def held_out(names: Sequence[str], fraction: float) -> np.ndarray:
    """Whether each image of one class is kept for evaluation, bool [N]; at least one is, and at
    least one is not.

    The choice depends on the names alone: no seed, order or machine changes it, and images that are
    added later change little.
    """
    if not 0 < fraction < 1:
        raise UserError(f"dataset.held_out must lie between 0 and 1, found {fraction}")
    count = min(max(round(fraction * len(names)), 1), len(names) - 1)
    order = sorted(
        range(len(names)),
        key=lambda position: sha256(names[position].encode("utf-8", "surrogateescape")).digest(),
    )
    mask = np.zeros(len(names), bool)
    mask[order[:count]] = True
    return mask
