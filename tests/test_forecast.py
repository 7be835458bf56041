"""Forecasts of the learning curve, and when to stop."""

import numpy as np
import pytest
from scipy.stats import binomtest

from askwell import stopping
from askwell.forecast import LEAST, forecast
from askwell.stopping import RULES, ahead, both, certain, stable, stops

LABELS = [20 * round for round in range(1, 9)]


def curve(labels, noise=0.0, seed=0):
    """A power law with normal noise."""
    clean = 0.95 - 2 * np.asarray(labels, float) ** -0.6
    return clean + noise * np.random.default_rng(seed).standard_normal(len(clean))


def test_a_curve_without_noise_is_continued_nearly_exactly():
    told = forecast(LABELS, curve(LABELS), 200)
    assert told.accuracy == pytest.approx(curve([200])[0], abs=2e-3)
    assert told.low < curve([200])[0] < told.high


def test_the_interval_holds_what_is_measured_as_often_as_it_says():
    inside = 0
    for seed in range(200):
        *known, measured = curve([*LABELS, 180], noise=0.01, seed=seed)
        told = forecast(LABELS, known, 180)
        inside += told.low <= measured <= told.high
    assert binomtest(inside, 200, 0.95).pvalue > 0.001


def test_the_farther_ahead_the_wider_the_interval():
    near, far = (forecast(LABELS, curve(LABELS, 0.01), wanted) for wanted in (170, 400))
    assert far.high - far.low > near.high - near.low


def test_an_interval_lies_within_0_and_1():
    told = forecast(LABELS, [0.99, 0.8, 0.99, 0.7, 1.0, 0.6, 0.99, 0.97], 10_000)
    assert (told.low, told.high) == (0, 1)


def test_equal_accuracies_are_forecast_to_stay():
    told = forecast(LABELS, [0.9] * 8, 200)
    assert told.accuracy == pytest.approx(0.9)


def test_too_few_rounds_have_no_forecast():
    assert forecast(LABELS[: LEAST - 1], curve(LABELS[: LEAST - 1]), 200) is None
    assert ahead(LABELS[:4], curve(LABELS[:4])) == []


def test_the_next_queries_are_taken_to_be_as_large_as_the_last():
    assert [told.labels for told in ahead(LABELS, curve(LABELS))] == [180, 200]


def test_predictions_are_stable_when_the_mean_kappa_of_three_rounds_is_high():
    assert stable([], [0.2, 0.98, 1.0, 0.99])
    assert not stable([], [0.98, 0.99, 0.99])
    assert not stable([], [None, 1.0, 1.0])


def test_the_network_is_certain_when_the_pool_has_little_entropy():
    assert certain([0.3, 0.05], [])
    assert not any(certain(signs, []) for signs in ([], [None], [0.01, 0.06]))


def test_the_combination_needs_both():
    steady, unsteady, sure, unsure = [1.0] * 3, [0.5] * 3, [0.01], [0.5]
    assert both(sure, steady)
    assert not (both(unsure, steady))
    assert not (both(sure, unsteady))


def test_advice_follows_the_rule_that_was_found_right_or_none(monkeypatch):
    monkeypatch.setattr(stopping, "ADVISED", None)
    assert not stops([0.0], [1.0] * 3)
    monkeypatch.setattr(stopping, "ADVISED", "both")
    assert stops([0.0], [1.0] * 3)


def test_the_advised_rule_is_one_of_the_rules():
    assert stopping.ADVISED in (None, *RULES)
