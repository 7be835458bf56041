"""What every strategy in conf/strategy must do. A new yaml is tested unasked."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from hypothesis import given, settings
from hypothesis import strategies as st

from askwell.candidates import Candidates
from askwell.keys import generator
from askwell.strategy import RandomSampling

CONF = Path(__file__).parents[1] / "conf"
STRATEGIES = sorted(file.stem for file in (CONF / "strategy").glob("*.yaml"))
STOCHASTIC = {"random"}  # their choice hangs on the generator, not on the images
REFERENCES = {
    "lc": lambda probs: 1 - probs.max(axis=1),
    "entropy": lambda probs: scipy.stats.entropy(probs, axis=1),
    "sm": lambda probs: -np.ptp(np.sort(probs, axis=1)[:, -2:], axis=1),
    "lm": lambda probs: -np.ptp(probs, axis=1),
}


@pytest.fixture(params=STRATEGIES)
def strategy(request):
    return load(request.param)


@cache
def load(name):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return instantiate(compose("config", [f"strategy={name}"]).strategy)


def candidates(logits, indices=None, batch_size=7):
    """Those images at `indices` of a pool for which the network says `logits`."""

    def forward(asked):
        return ((batch, logits[asked[batch]]) for batch in torch.arange(len(asked)).split(batch_size))

    return Candidates(torch.arange(len(logits)) if indices is None else indices, forward)


def some_logits(images=40, classes=5, seed=0):
    return 3 * torch.randn(images, classes, generator=generator("logits", seed))


def ask(strategy, logits, size, seed=0, indices=None):
    return strategy(candidates(logits, indices), size, generator("query", seed)).positions.tolist()


@pytest.mark.parametrize("size", [1, 2, 13, 39, 40])
def test_it_asks_for_as_many_as_it_is_told(strategy, size):
    assert len(ask(strategy, some_logits(), size)) == size


@settings(max_examples=20, deadline=None)
@given(shape=st.tuples(st.integers(1, 60), st.integers(2, 6)), seed=st.integers(0, 999), data=st.data())
@pytest.mark.parametrize("name", STRATEGIES)
def test_it_asks_for_distinct_candidates(name, shape, seed, data):
    size = data.draw(st.integers(1, shape[0]))
    positions = ask(load(name), some_logits(*shape, seed), size, seed)
    assert len({position for position in positions if 0 <= position < shape[0]}) == size


def test_asked_for_all_it_asks_for_all(strategy):
    assert sorted(ask(strategy, some_logits(), 40)) == list(range(40))


def test_asked_for_one_it_asks_for_the_first_of_its_order(strategy):
    assert ask(strategy, some_logits(), 1) == ask(strategy, some_logits(), 40)[:1]


def test_the_same_generator_gets_the_same_answer(strategy):
    assert ask(strategy, some_logits(), 13) == ask(strategy, some_logits(), 13)


def test_the_global_generator_plays_no_part(strategy):
    torch.manual_seed(1)
    positions = ask(strategy, some_logits(), 13)
    torch.manual_seed(2)
    assert ask(strategy, some_logits(), 13) == positions


@pytest.mark.parametrize("name", [name for name in STRATEGIES if name not in STOCHASTIC])
@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_candidates_does_not_change_the_chosen_set(name, seed):
    shuffled = torch.randperm(40, generator=generator("order", seed))
    chosen = shuffled[ask(load(name), some_logits(), 13, indices=shuffled)]
    assert sorted(chosen.tolist()) == sorted(ask(load(name), some_logits(), 13))


def test_tied_scores_still_give_distinct_candidates(strategy):
    assert len(set(ask(strategy, torch.zeros(40, 5), 13))) == 13


@pytest.mark.parametrize("name", REFERENCES)
def test_ties_go_to_the_lower_index(name):
    assert ask(load(name), torch.zeros(40, 5), 13) == list(range(13))


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
@pytest.mark.parametrize("name", REFERENCES)
def test_an_image_without_a_finite_score_is_never_asked(name, value):
    logits = some_logits()
    logits[::4] = value
    assert sorted(ask(load(name), logits, 40)) == [position for position in range(40) if position % 4]


@pytest.mark.parametrize("name", REFERENCES)
def test_images_without_a_finite_score_do_not_change_what_is_asked(name):
    logits = some_logits()
    spoilt = torch.cat([logits, torch.full((20, 5), torch.nan)])
    assert ask(load(name), spoilt, 13) == ask(load(name), logits, 13)


def test_the_network_that_says_no_number_at_all_does_not_break_it(strategy):
    assert len(ask(strategy, torch.full((40, 5), torch.nan), 13)) in (0, 13)


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("seed", range(5))
def test_it_asks_what_sorting_all_scores_would_ask(name, seed):
    logits = some_logits(images=300, seed=seed).double()  # so that rounding decides no order
    scores = REFERENCES[name](logits.softmax(1).numpy())
    assert ask(load(name), logits, 30) == np.argsort(-scores, kind="stable")[:30].tolist()


@pytest.mark.parametrize("name", REFERENCES)
def test_its_scores_are_those_of_the_images_it_asks_for(name):
    query = load(name)(candidates(some_logits()), 13, generator("query"))
    scores = REFERENCES[name](some_logits().softmax(1).numpy())
    np.testing.assert_allclose(query.scores, scores[query.positions], rtol=0, atol=2e-6)


def test_random_sampling_never_runs_the_network():
    def never(indices):
        raise AssertionError("the network was run")

    query = RandomSampling()(Candidates(torch.arange(40), never), 13, generator("query"))
    assert (len(query.positions), query.scores) == (13, None)


def test_random_sampling_asks_every_candidate_equally_often():
    drawn = [ask(RandomSampling(), some_logits(), 10, seed) for seed in range(1000)]
    assert scipy.stats.chisquare(np.bincount(np.ravel(drawn), minlength=40)).pvalue > 0.001
