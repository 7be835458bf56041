"""The diversity of a query, on features made by hand."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from askwell.diversity import diversity_of

SQUARE = torch.tensor([[0.0, 0], [0, 3], [4, 0], [4, 3]])


def test_the_mean_distance_is_told_as_a_multiple_of_random_images():
    assert diversity_of(SQUARE / 2, SQUARE).distance == pytest.approx(0.5)


def test_the_distance_is_the_mean_over_pairs():
    assert diversity_of(SQUARE, torch.tensor([[0.0, 0], [0, 1]])).distance == pytest.approx((3 + 3 + 4 + 4 + 5 + 5) / 6)


def test_images_that_lie_nearer_than_random_ones_do_are_near_duplicates():
    queried = torch.tensor([[0.0, 0], [0, 0.1], [4, 0], [4, 3]])
    assert diversity_of(queried, SQUARE).near_duplicates == 0.5


@given(st.integers(2, 200), st.integers(0, 9))
def test_of_random_images_few_are_near_duplicates(size, seed):
    features = torch.randn(size, 3, generator=torch.Generator().manual_seed(seed))
    assert diversity_of(features, features).near_duplicates <= 0.05 + 1 / size


@pytest.mark.parametrize(("queried", "random"), [(SQUARE[:1], SQUARE), (SQUARE, SQUARE[:1]), (SQUARE, 0 * SQUARE)])
def test_where_there_is_nothing_to_compare_there_is_none(queried, random):
    assert diversity_of(queried, random) is None
