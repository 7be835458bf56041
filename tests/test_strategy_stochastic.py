"""Stochastic queries: drawn by the law that each kind of noise stands for."""

from collections import Counter

import numpy as np
import pytest
import scipy.stats
import torch
from strategy_pools import asked, normal, pool
from test_strategy import load

from askwell.errors import UserError
from askwell.strategy import RandomSampling, UncertaintySampling
from askwell.strategy.bald import Bald
from askwell.strategy.stochastic import Stochastic

SCORES = torch.tensor([0.1, 0.4, 0.0, 0.2, 0.3], dtype=torch.float64)
RANKS = np.array([4, 1, 5, 3, 2])


def scored(scores):
    """A pool in which each image's score is the first feature, and the strategy of these scores."""
    strategy = lambda candidates, size, generator: candidates.top(  # noqa: E731
        lambda look: look.features[:, 0], size
    )
    return pool(scores[:, None]), strategy


@pytest.mark.parametrize(
    ("noise", "sharpness", "shift", "masses"),
    [
        ("power", 1, 0, SCORES.numpy()),
        ("power", 2, 0.1, (SCORES.numpy() + 0.1) ** 2),
        ("softmax", 5, 0, np.exp(5 * SCORES.numpy())),
        ("softrank", 1.5, 0, RANKS**-1.5),
    ],
)
def test_the_first_is_drawn_by_its_law(noise, sharpness, shift, masses):
    candidates, strategy = scored(SCORES)
    wrapped = Stochastic(strategy, noise, sharpness, shift)
    counts = Counter(asked(wrapped, candidates, 1, seed)[0] for seed in range(2000))
    possible = np.flatnonzero(masses)
    expected = 2000 * masses[possible] / masses.sum()
    assert scipy.stats.chisquare([counts[one] for one in possible], expected).pvalue > 0.001


def test_a_very_sharp_key_is_the_ranking_itself():
    candidates, strategy = scored(SCORES)
    for noise in ("power", "softmax", "softrank"):
        assert asked(Stochastic(strategy, noise, 1e6), candidates, 4) == [1, 4, 3, 0]


@pytest.mark.parametrize("zero", [0.0, -1e-7])
def test_scores_of_0_come_last_and_rounding_below_it_is_no_nan(zero):
    """Where the logarithm of a score below 0 is nan, sorting puts it first."""
    candidates, strategy = scored(torch.tensor([zero, 0.5, zero, 0.1]))
    answer = asked(Stochastic(strategy), candidates, 4)
    assert ({*answer[:2]}, {*answer[2:]}) == ({1, 3}, {0, 2})


def test_the_scores_are_those_of_the_strategy():
    candidates, strategy = scored(SCORES)
    query = Stochastic(strategy)(candidates, 3, torch.Generator().manual_seed(0))
    assert query.scores.tolist() == SCORES[query.positions].tolist()


def test_the_noise_belongs_to_the_image_and_not_to_its_place():
    features, logits = normal(60, 3), normal(60, 4)
    strategy = load("stochastic")
    whole = asked(strategy, pool(features, logits), 60)
    without = asked(strategy, pool(features, logits, labelled=[0, 9, 31]), 57)
    assert [index for index in whole if index not in (0, 9, 31)] == without


def test_bald_can_be_inside():
    candidates = pool(normal(40, 3), normal(40, 4))
    answers = {tuple(asked(Stochastic(Bald(5)), candidates, 8, seed)) for seed in range(5)}
    assert len(answers) == 5


def test_negative_scores_under_a_power_are_refused():
    margin = UncertaintySampling(load("sm").acquisition)
    with pytest.raises(UserError, match=r"no score below 0.*set strategy\.shift=1 for margins"):
        asked(Stochastic(margin), pool(normal(40, 3)), 4)


def test_a_strategy_without_scores_is_refused():
    with pytest.raises(UserError, match=r"strategy\.strategy=RandomSampling has no scores"):
        asked(Stochastic(RandomSampling()), pool(normal(40, 3)), 4)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"noise": "gumbel"}, r"strategy\.noise=gumbel: expected power, softmax or softrank"),
        ({"sharpness": -1}, r"strategy\.sharpness=-1: expected at least 0"),
    ],
)
def test_a_setting_without_a_meaning_is_refused(setting, words):
    with pytest.raises(UserError, match=words):
        Stochastic(RandomSampling(), **setting)
