"""The diversity of a query, on features made by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from askwell.loop import diversity as module
from askwell.loop.diversity import diversity, query_diversity

SQUARE = torch.tensor([[0.0, 0], [0, 3], [4, 0], [4, 3]])
LINE = torch.tensor([[0.0, 0], [0, 1], [0, 2], [0, 3]])


def test_the_mean_distance_is_told_as_a_multiple_of_random_images():
    assert diversity(SQUARE / 2, SQUARE).distance == pytest.approx(0.5)


def test_the_distance_is_the_mean_over_pairs():
    assert diversity(SQUARE, LINE).distance == pytest.approx(
        (3 + 3 + 4 + 4 + 5 + 5) / (1 + 1 + 1 + 2 + 2 + 3)
    )


def test_images_that_lie_nearer_than_random_ones_do_are_near_duplicates():
    queried = torch.tensor([[0.0, 0], [0, 0.1], [5, 0], [5, 4]])
    assert diversity(queried, SQUARE).near_duplicates == 0.5


def test_equal_images_are_near_duplicates_even_where_random_ones_have_twins():
    assert diversity(SQUARE[[0, 0, 0, 0]], SQUARE[[0, 0, 1, 2]]).near_duplicates == 1


@given(st.integers(2, 200), st.integers(0, 9))
def test_of_random_images_few_are_near_duplicates(size, seed):
    features = torch.randn(size, 3, generator=torch.Generator().manual_seed(seed))
    assert diversity(features, features).near_duplicates <= 0.05 + 2 / size


def test_a_network_that_sees_no_difference_has_none():
    assert diversity(torch.rand(40, 3), torch.full((40, 3), 0.1)) is None


@pytest.mark.parametrize(("queried", "left"), [(1, 30), (8, 1), (8, 0)])
def test_a_single_image_has_none(queried, left):
    features = torch.rand(queried, 2)
    assert query_diversity(features, None, np.arange(left), seed=0, round=3) is None


@pytest.mark.parametrize(("queried", "left", "looked_at"), [(8, 30, 8), (8, 5, 5), (30, 30, 20)])
def test_a_query_is_compared_with_as_many_images_that_are_left(
    monkeypatch, queried, left, looked_at
):
    seen, compared = [], []

    def features(indices):
        seen.extend(indices.tolist())
        return torch.rand(len(indices), 2)

    monkeypatch.setattr(module, "MOST", 20)
    monkeypatch.setattr(module, "diversity", lambda one, other: compared.append((one, other)))
    of_query = torch.rand(queried, 2)
    query_diversity(of_query, features, np.arange(100, 100 + left), seed=0, round=3)
    assert compared[0][0].tolist() == of_query[:looked_at].tolist()
    assert (len(set(seen)), all(index >= 100 for index in seen)) == (looked_at, True)
