"""Acquisition functions against closed forms and scipy, and what must hold for any
probabilities.
"""

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from askwell.acquisition import (
    certainty,
    entropy,
    largest_margin,
    least_confidence,
    smallest_margin,
)

RANGES = {
    least_confidence: lambda classes: (0, 1 - 1 / classes),
    entropy: lambda classes: (0, np.log(classes)),
    smallest_margin: lambda classes: (-1, 0),
    largest_margin: lambda classes: (-1, 0),
}
FUNCTIONS = list(RANGES)

few_examples = settings(
    max_examples=15, deadline=None
)  # each holds up to 20 images; torch's first call is slow


def sorted_rows(probs):
    return np.sort(probs, axis=1)[:, ::-1]


REFERENCES = {
    least_confidence: lambda probs: 1 - sorted_rows(probs)[:, 0],
    entropy: lambda probs: scipy.stats.entropy(probs, axis=1),
    smallest_margin: lambda probs: sorted_rows(probs)[:, 1] - sorted_rows(probs)[:, 0],
    largest_margin: lambda probs: sorted_rows(probs)[:, -1] - sorted_rows(probs)[:, 0],
}


@st.composite
def probabilities(draw):
    """Softmax of up to 20 rows of logits, from flat to saturated."""
    shape = draw(st.tuples(st.integers(1, 20), st.integers(2, 12)))
    logits = draw(arrays(np.float32, shape, elements=st.floats(-200, 200, width=32)))
    return torch.from_numpy(logits).softmax(dim=1)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("classes", [2, 10, 100])
def test_uniform_probabilities_score_the_upper_end_of_the_range(function, classes):
    scores = function(torch.full((3, classes), 1 / classes))
    torch.testing.assert_close(scores, torch.full((3,), float(RANGES[function](classes)[1])))


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("classes", [2, 10, 100])
def test_a_certain_network_scores_the_lower_end_of_the_range(function, classes):
    assert function(torch.eye(classes)).tolist() == [RANGES[function](classes)[0]] * classes


@pytest.mark.parametrize(
    ("function", "closed_form"),
    [
        (least_confidence, lambda p: 1 - p),
        (entropy, lambda p: -p * torch.log(p) - (1 - p) * torch.log(1 - p)),
        (smallest_margin, lambda p: 1 - 2 * p),
        (largest_margin, lambda p: 1 - 2 * p),
    ],
)
def test_of_two_classes_the_score_is_a_closed_form_of_the_greater_probability(
    function, closed_form
):
    p = torch.linspace(0.5, 0.999, 50)
    torch.testing.assert_close(
        function(torch.stack([1 - p, p], dim=1)), closed_form(p), rtol=0, atol=1e-6
    )


def test_the_margins_look_at_the_second_and_at_the_last_class():
    probs = torch.tensor([[0.2, 0.5, 0.3]])
    scores = torch.cat([smallest_margin(probs), largest_margin(probs)])
    torch.testing.assert_close(scores, torch.tensor([-0.2, -0.3]))


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("concentration", [0.05, 1, 50])
def test_scores_agree_with_an_independent_reference(function, concentration):
    probs = np.random.default_rng(0).dirichlet([concentration] * 10, size=500)
    scores = function(torch.from_numpy(probs).float())
    np.testing.assert_allclose(scores, REFERENCES[function](probs), rtol=0, atol=2e-6)


@pytest.mark.parametrize("function", FUNCTIONS)
@few_examples
@given(probs=probabilities())
def test_every_image_gets_one_finite_float32_score(function, probs):
    scores = function(probs)
    assert (scores.dtype, scores.shape, bool(scores.isfinite().all())) == (
        torch.float32,
        (len(probs),),
        True,
    )


@pytest.mark.parametrize("function", FUNCTIONS)
@few_examples
@given(probs=probabilities())
def test_scores_stay_in_the_range_that_is_promised(function, probs):
    low, high = RANGES[function](probs.shape[1])
    scores = function(probs)
    assert low - 1e-6 <= scores.min() <= scores.max() <= high + 1e-5


@pytest.mark.parametrize("function", FUNCTIONS)
@few_examples
@given(probs=probabilities(), seed=st.integers(0, 2**16))
def test_the_order_of_the_classes_does_not_matter(function, probs, seed):
    order = torch.randperm(probs.shape[1], generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(function(probs[:, order]), function(probs))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_row_that_is_not_a_number_gets_no_finite_score(function):
    probs = torch.tensor([[torch.nan] * 3, [0.2, 0.5, 0.3]])
    assert function(probs).isfinite().tolist() == [False, True]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_probabilities_are_left_as_they_were(function):
    probs = torch.tensor([[0.2, 0.5, 0.3]])
    function(probs)
    assert torch.equal(probs, torch.tensor([[0.2, 0.5, 0.3]]))


def test_certainty_turns_smallest_margin_round():
    probs = torch.tensor([[0.2, 0.5, 0.3], [0.9, 0.1, 0.0], [0.4, 0.4, 0.2]])
    torch.testing.assert_close(certainty(probs), torch.tensor([0.2, 0.8, 0.0]))
