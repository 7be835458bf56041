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

from askwell.randomness import generator
from askwell.strategy import RandomSampling
from askwell.strategy.candidates import Candidates
from askwell.strategy.conformance import CHECKS, Verdict, ask, candidates, some_logits, verdicts

CONF = Path(__file__).parents[1] / "conf"
STRATEGIES = sorted(file.stem for file in (CONF / "strategy").glob("*.yaml"))
CLUSTERS = {"typiclust", "switch", "cluster_margin", "drop_query"}
"""These form as many clusters as images are asked for, so that no image is the first of any query.
"""
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


@pytest.mark.parametrize("check", CHECKS)
def test_it_keeps_the_contract(strategy, check):
    verdict = verdicts(strategy, [check])[0]
    assert verdict.passed is not False, verdict.words


@pytest.mark.parametrize("name", REFERENCES)
def test_every_check_is_meant_for_an_acquisition_function(name):
    assert [verdict.check for verdict in verdicts(load(name)) if not verdict.passed] == []


@settings(max_examples=20, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 60), st.integers(2, 6)), seed=st.integers(0, 999), data=st.data()
)
@pytest.mark.parametrize("name", STRATEGIES)
def test_it_asks_for_distinct_candidates(name, shape, seed, data):
    size = data.draw(st.integers(1, shape[0]))
    assert len(ask(load(name), some_logits(*shape, seed), size, seed)) == size


@pytest.mark.parametrize("name", sorted({*STRATEGIES} - CLUSTERS))
def test_asked_for_one_it_asks_for_the_first_of_its_order(name):
    assert ask(load(name), some_logits(), 1) == ask(load(name), some_logits(), 40)[:1]


@pytest.mark.parametrize("name", REFERENCES)
def test_its_choice_hangs_on_the_images_alone(name):
    assert verdicts(load(name), ["the order of the candidates", "scores that are not finite"]) == [
        Verdict("the order of the candidates", True),
        Verdict("scores that are not finite", True),
    ]


@pytest.mark.parametrize("name", REFERENCES)
def test_ties_go_to_the_lower_index(name):
    assert ask(load(name), torch.zeros(40, 5), 13) == list(range(13))


@pytest.mark.parametrize("name", REFERENCES)
def test_images_without_a_finite_score_do_not_change_what_is_asked(name):
    logits = some_logits()
    spoilt = torch.cat([logits, torch.full((20, 5), torch.nan)])
    assert ask(load(name), spoilt, 13) == ask(load(name), logits, 13)


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("seed", range(5))
def test_it_asks_what_sorting_all_scores_would_ask(name, seed):
    logits = some_logits(images=300, seed=seed).double()  # so that rounding decides no order
    scores = REFERENCES[name](logits.softmax(1).numpy())
    assert ask(load(name), logits, 30) == np.argsort(-scores, kind="stable")[:30].tolist()


@pytest.mark.parametrize("name", REFERENCES)
def test_its_scores_are_those_of_the_images_it_asks_for(name):
    query = load(name)(
        candidates(some_logits().__getitem__, torch.arange(40)), 13, generator("query")
    )
    scores = REFERENCES[name](some_logits().softmax(1).numpy())
    np.testing.assert_allclose(query.scores, scores[query.positions], rtol=0, atol=2e-6)


def test_random_sampling_never_runs_the_network():
    def never(indices, draws):
        raise AssertionError("the network was run")

    query = RandomSampling()(Candidates(torch.arange(40), never), 13, generator("query"))
    assert (len(query.positions), query.scores) == (13, None)


def test_random_sampling_asks_every_candidate_equally_often():
    drawn = [ask(RandomSampling(), some_logits(), 10, seed) for seed in range(1000)]
    assert scipy.stats.chisquare(np.bincount(np.ravel(drawn), minlength=40)).pvalue > 0.001
