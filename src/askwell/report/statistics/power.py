"""How many seeds it would take to tell two strategies apart."""

import numpy as np
from scipy import stats

POWER = 0.8
"""The chance of finding a difference that is there with which a number of seeds is called enough.
"""

MOST = 100
"""Seeds beyond which no number is given: the difference is too small to matter."""


def power(effect: float, seeds: int, significance: float) -> float:
    """The chance that a two-sided paired t-test over `seeds` finds a difference of `effect`
    standard deviations.

    By the noncentral t distribution (Cohen, Statistical Power Analysis for the Behavioral Sciences,
    1988).
    """
    critical, shift = stats.t.isf(significance / 2, seeds - 1), effect * np.sqrt(seeds)
    wrong_sign = np.nan_to_num(
        stats.nct.cdf(-critical, seeds - 1, shift)
    )  # scipy has nan where it is next to nothing
    return float(stats.nct.sf(critical, seeds - 1, shift) + wrong_sign)


def seeds_needed(effect: float, significance: float) -> int | None:
    """The fewest seeds with which a difference of `effect` standard deviations is probably found;
    None for too many.
    """
    numbers = range(2, MOST + 1)
    return next(
        (seeds for seeds in numbers if power(abs(effect), seeds, significance) >= POWER), None
    )
