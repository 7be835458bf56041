"""K-centre greedy against the whole matrix of distances."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from strategy_pools import asked, pool

from askwell.randomness import generator
from askwell.strategy.kcentre import KCentre, centres


def by_all_distances(features, labelled, size):
    chosen: list[int] = []
    while len(chosen) < size:
        covered = np.concatenate([labelled, features[chosen]])
        nearest = cdist(features, covered).min(axis=1)
        nearest[chosen] = -1
        chosen.append(int(nearest.argmax()))
    return chosen


def rows(count, seed=0):
    return torch.randn(count, 5, generator=generator("rows", seed, count), dtype=torch.float64)


@pytest.mark.parametrize("labelled", [1, 3, 300])
def test_it_chooses_what_all_distances_would(labelled):
    features, known = rows(50), rows(labelled, seed=1)
    assert centres(features, known, 12).tolist() == by_all_distances(
        features.numpy(), known.numpy(), 12
    )


def test_without_a_label_the_first_image_is_the_one_nearest_to_the_mean():
    features = torch.tensor([[0.0, 0.0], [4.0, 0.0], [9.0, 0.0], [5.0, 0.0]])
    assert centres(features, torch.empty(0, 2), 3).tolist() == [1, 2, 0]


def test_copies_of_what_is_labelled_come_last():
    features = torch.cat([rows(5), rows(5, seed=1)])
    assert set(centres(features, features[:5], 5).tolist()) == {5, 6, 7, 8, 9}


def test_equal_images_are_chosen_in_their_order():
    assert centres(torch.ones(6, 2), torch.ones(1, 2), 6).tolist() == [0, 1, 2, 3, 4, 5]


def test_fewer_images_than_asked_for_are_all_chosen():
    assert sorted(centres(rows(4), rows(2, seed=1), 9).tolist()) == [0, 1, 2, 3]


def test_rescaled_features_lead_to_the_same_query():
    features, labelled = rows(50), rows(3, seed=1)
    assert (
        centres(features, labelled, 9).tolist()
        == centres(1024 * features, 1024 * labelled, 9).tolist()
    )


def test_a_labelled_image_that_the_network_cannot_read_is_left_out():
    features = rows(30).float()
    known = features.clone()
    known[4] = torch.nan
    with_it = asked(KCentre(), pool(known, labelled=[4, 9]), 6)
    free = [index for index in range(30) if index not in (4, 9)]
    expected = by_all_distances(features[free].numpy(), features[[9]].numpy(), 6)
    assert with_it == [free[row] for row in expected]
