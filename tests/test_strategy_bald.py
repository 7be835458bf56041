"""BALD against scipy's entropies."""

import numpy as np
import pytest
import scipy.stats
import torch

from askwell.errors import UserError
from askwell.randomness import generator
from askwell.strategy.bald import Bald, mutual_information
from askwell.strategy.look import Look


def scores(logits):
    return mutual_information(Look(logits, torch.empty(len(logits), 0)))


def test_it_is_the_mutual_information_of_label_and_draw():
    logits = 3 * torch.randn(50, 7, 4, generator=generator("logits"), dtype=torch.float64)
    probs = logits.softmax(2).numpy()
    entropy = scipy.stats.entropy
    expected = entropy(probs.mean(axis=1), axis=1) - entropy(probs, axis=2).mean(axis=1)
    np.testing.assert_allclose(scores(logits), expected, atol=1e-12)


def test_draws_that_agree_have_none():
    agreed = torch.randn(50, 1, 4, generator=generator("logits")).expand(-1, 7, -1)
    assert scores(agreed).tolist() == pytest.approx([0.0] * 50, abs=1e-6)
    assert scores(agreed).min() >= 0


@pytest.mark.parametrize("draws", [2, 3])
def test_sure_draws_that_all_differ_have_as_many_nats_as_there_are_draws(draws):
    logits = 1000 * torch.eye(3)[:draws].unsqueeze(0)
    assert scores(logits).item() == pytest.approx(np.log(draws))


def test_one_draw_is_refused():
    with pytest.raises(UserError, match="one draw cannot disagree with itself"):
        Bald(draws=1)
