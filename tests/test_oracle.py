"""Oracles: the truth, and the truth with errors at a known rate."""

import numpy as np
import pytest
import scipy.stats
import torch

from askwell.errors import UserError
from askwell.oracle.simulated import Noisy, Truth

LABELS = np.arange(8000) % 5
INDICES = torch.arange(len(LABELS))


def said(rate, seed=0):
    """What the noisy oracle says of all images."""
    return Noisy(LABELS, 5, rate=rate, seed=seed)(INDICES).numpy()


def test_the_truth_is_told_in_the_order_of_the_indices():
    assert Truth(np.array([3, 1, 2]), num_classes=4)(torch.tensor([2, 0, 0])).tolist() == [2, 3, 3]


def test_without_noise_the_noisy_oracle_tells_the_truth():
    assert np.array_equal(said(rate=0), LABELS)


def test_at_rate_one_it_is_always_wrong():
    assert not (said(rate=1) == LABELS).any()


def test_it_errs_at_its_rate():
    errors = int((said(rate=0.1) != LABELS).sum())
    assert scipy.stats.binomtest(errors, len(LABELS), 0.1).pvalue > 0.001


def test_all_wrong_classes_are_equally_likely():
    shifts = (said(rate=1) - LABELS) % 5
    assert scipy.stats.chisquare(np.bincount(shifts, minlength=5)[1:]).pvalue > 0.001


def test_an_index_gets_the_same_answer_whenever_and_with_whatever_it_is_asked():
    oracle = Noisy(LABELS, 5, rate=0.5, seed=3)
    alone = [oracle(torch.tensor([index])).item() for index in range(50)]
    assert alone == Noisy(LABELS, 5, rate=0.5, seed=3)(INDICES[:50].flip(0)).tolist()[::-1]


def test_another_seed_errs_elsewhere():
    first, second = (said(rate=0.5, seed=seed) != LABELS for seed in (0, 1))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_a_rate_that_is_no_probability_is_refused(rate):
    with pytest.raises(UserError, match=r"oracle\.rate is a probability"):
        Noisy(LABELS, 5, rate=rate, seed=0)


def test_a_confusion_says_what_a_class_is_taken_for_and_how_often():
    oracle = Noisy(LABELS, 5, rate=0, seed=0, confusion={0: {3: 0.3}})
    said = oracle(INDICES).numpy()
    zeros = said[LABELS == 0]
    assert {*zeros.tolist()} == {0, 3}
    assert scipy.stats.binomtest(int((zeros == 3).sum()), len(zeros), 0.3).pvalue > 0.001
    assert np.array_equal(said[LABELS > 0], LABELS[LABELS > 0])


def test_a_confusion_names_classes():
    oracle = Noisy(
        np.array([0, 1]), 2, rate=0, seed=0, confusion={"a": {"b": 1}}, classes=("a", "b")
    )
    assert oracle(torch.tensor([0, 1])).tolist() == [1, 1]


@pytest.mark.parametrize("shares", [{"1": 0.6, "2": 0.6}, {"1": -0.1}])
def test_shares_of_a_class_that_are_none_are_refused(shares):
    with pytest.raises(UserError, match=r"oracle\.confusion holds shares of 0"):
        Noisy(LABELS, 5, rate=0, seed=0, confusion={0: shares})
