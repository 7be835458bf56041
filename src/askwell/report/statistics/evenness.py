"""How evenly counts are spread over classes."""

import numpy as np
from scipy import stats


def evenness(counts: np.ndarray) -> np.ndarray:
    """The entropy of each row of counts [M, C] as a fraction of the highest that its sum allows,
    in [0, 1].

    It is 1 for counts that differ by at most one, and 0 where all are of one class. Every row has
    a sum of at least 1.

    >>> evenness(np.array([[2, 2, 1], [5, 0, 0]])).round(3).tolist()
    [1.0, 0.0]
    """
    total, classes = counts.sum(axis=1)[:, None], counts.shape[1]
    most_even = total // classes + (np.arange(classes) < total % classes)
    highest, found = stats.entropy(most_even, axis=1), stats.entropy(counts, axis=1)
    return np.divide(found, highest, out=np.ones_like(found), where=highest > 0)
