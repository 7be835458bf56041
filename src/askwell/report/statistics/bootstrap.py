"""The bootstrap interval of a mean over few seeds: arrays in, numbers out."""

from functools import cache
from itertools import combinations_with_replacement

import numpy as np
from scipy import stats

from askwell.report.statistics.significance import SIGNIFICANCE

RESAMPLES = 4999

ENUMERATED = 7
"""Seeds up to which every resample counts, each distinct one once with its weight: 126 for 5, 1,716
for 7.
"""


def mean_interval(values: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A 95 % bootstrap interval of the mean difference of paired values [n, ...] over seeds, the
    first axis.

    The plain percentile interval is too narrow for few seeds (84 % coverage with five). T.
    Hesterberg expands its level (What Teachers Should Know About the Bootstrap, 2014), which makes
    it as wide as Student's t.
    """
    n = len(values)
    tail = stats.norm.cdf(np.sqrt(n / (n - 1)) * stats.t.ppf(SIGNIFICANCE / 2, n - 1))
    shares, weights = resamples(n)
    means = np.tensordot(shares, values - reference, axes=1)
    low, high = np.quantile(means, [tail, 1 - tail], axis=0, weights=weights, method="inverted_cdf")
    return low, high


@cache
def resamples(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Bootstrap resamples of n seeds as the share that each seed has [M, n], and their
    probabilities [M].

    All of them for few seeds; above, a sample that is the same each time, so that the same runs
    give the same page.
    """
    if n > ENUMERATED:
        drawn = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), RESAMPLES)
        return drawn / n, np.full(RESAMPLES, 1 / RESAMPLES)
    chosen = combinations_with_replacement(range(n), n)
    counts = np.array([np.bincount(seeds, minlength=n) for seeds in chosen])
    return counts / n, stats.multinomial.pmf(counts, n, np.full(n, 1 / n))
