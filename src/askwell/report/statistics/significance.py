"""Paired tests, and their correction for being several: arrays in, numbers out."""

import warnings
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

SIGNIFICANCE = 0.05


def paired_p(values: ArrayLike, reference: ArrayLike) -> float:
    """The p-value of a two-sided paired t-test over seeds [n]; where all differences are the same,
    its limit: 0, or 1 where there is no difference.
    """
    differences = np.asarray(values, float) - np.asarray(reference, float)
    if np.allclose(differences, differences[0]):
        return float(np.isclose(differences[0], 0))
    return float(stats.ttest_rel(values, reference).pvalue)


def holm(probabilities: Iterable[float]) -> list[float]:
    """Holm's step-down correction of p-values, in the order given (Holm 1979, Scand. J. Statist.
    6).
    """
    p = np.array(list(probabilities), dtype=float)
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected.tolist()


def won(own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Whether `own` is better than `other` in each round [R], by a paired t-test over seeds; both
    are accuracies [R, n].
    """
    differences = own - other
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter(
            "ignore", RuntimeWarning
        )  # of seeds that all differ by the same: p is 0, or nan for none
        p = stats.ttest_1samp(differences, 0, axis=1).pvalue
    return (p < SIGNIFICANCE) & (differences.mean(axis=1) > 0)
