"""How many seeds a comparison needs: against published tables, and by trying."""

import numpy as np
import pytest
from scipy import stats

from askwell.report.statistics.power import power, seeds_needed


@pytest.mark.parametrize(
    ("effect", "seeds"), [(0.5, 34), (0.8, 15), (1.0, 10), (-0.8, 15), (0.1, None), (0.0, None)]
)
def test_the_seeds_are_those_of_the_usual_tables(effect: float, seeds: int | None) -> None:
    """At 5 % and a power of 80 %, as G*Power gives them for a paired t-test."""
    assert seeds_needed(effect, 0.05) == seeds


def test_a_strong_effect_needs_few_seeds_at_any_level() -> None:
    assert seeds_needed(2.8, 0.005) == 6


def test_a_stricter_level_needs_more_seeds() -> None:
    assert seeds_needed(0.8, 0.05 / 4) > seeds_needed(0.8, 0.05)


def test_the_power_is_the_share_of_tests_that_find_the_difference() -> None:
    drawn = np.random.default_rng(0).normal(0.8, 1, (4000, 10))
    found = (stats.ttest_1samp(drawn, 0, axis=1).pvalue < 0.05).sum()
    assert stats.binomtest(int(found), 4000, power(0.8, 10, 0.05)).pvalue > 0.01
