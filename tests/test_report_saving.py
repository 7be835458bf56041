"""What is saved, how sure that is, and what may be claimed."""

import numpy as np
import pytest
from scipy import stats

from askwell.report.statistics.saving import saved, saved_interval, weigh

OWN = np.array([300.0, 340.0, 280.0, 390.0, 330.0])
REFERENCE = np.array([520.0, 480.0, 450.0, 600.0, 510.0])
EVEN = np.full(5, 400.0)


def test_the_share_saved_is_one_minus_the_ratio_of_means() -> None:
    assert saved(np.array([10, 20]), np.array([40, 80])) == pytest.approx(0.75)


def test_the_interval_is_scipys_students_interval_of_the_log_ratios() -> None:
    ratios = np.log(OWN / REFERENCE)
    low, high = stats.t.interval(0.95, 4, ratios.mean(), stats.sem(ratios))
    assert saved_interval(OWN, REFERENCE, 0) == pytest.approx((1 - np.exp(high), 1 - np.exp(low)))


def test_seeds_that_are_all_equal_are_known_to_one_query_only() -> None:
    assert saved_interval(EVEN * 0.75, EVEN, 160) == pytest.approx((0.05, 0.45))


def test_a_small_query_does_not_widen_an_interval() -> None:
    assert saved_interval(OWN, REFERENCE, 1) == saved_interval(OWN, REFERENCE, 0)


def test_the_interval_of_five_seeds_covers_the_truth_about_19_times_in_20() -> None:
    draw = np.random.default_rng(0)
    own, reference = (
        60 * np.exp(draw.normal(0, 0.2, (1000, 5))),
        100 * np.exp(draw.normal(0, 0.2, (1000, 5))),
    )
    found = [saved_interval(*labels, 0) for labels in zip(own, reference, strict=True)]
    covered = sum(low <= 0.4 <= high for low, high in found)
    assert stats.binomtest(covered, 1000, 0.95).pvalue > 0.01


def test_a_saving_is_claimed_where_test_and_interval_find_it() -> None:
    assert weigh(OWN, REFERENCE, 32, found=1).claimed


def test_no_saving_is_claimed_that_the_test_does_not_find() -> None:
    assert not weigh(OWN, REFERENCE, 32, found=0).claimed


def test_no_saving_is_claimed_that_the_interval_does_not_find() -> None:
    assert not weigh(EVEN, EVEN, 32, found=1).claimed


def test_a_loss_is_found_by_test_and_interval() -> None:
    assert weigh(REFERENCE, OWN, 32, found=-1).lost


@pytest.mark.parametrize("found", [0, -1])
def test_an_interval_of_savings_that_the_test_does_not_find_reaches_to_none(found: int) -> None:
    assert weigh(OWN, REFERENCE, 32, found).low == 0


@pytest.mark.parametrize("found", [0, 1])
def test_an_interval_of_losses_that_the_test_does_not_find_reaches_to_none(found: int) -> None:
    assert weigh(REFERENCE, OWN, 32, found).high == 0
