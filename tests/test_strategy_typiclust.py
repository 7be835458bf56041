"""TypiClust on groups that can be told apart, and its typicality against all distances."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from strategy_pools import asked, normal, pool

from askwell.errors import UserError
from askwell.strategy import typiclust
from askwell.strategy.typiclust import Group, TypiClust, in_turn, typical_first

SIZES = [30, 20, 12, 9]


def groups(sizes=SIZES):
    """Images of as many groups, in directions of their own; the first of each is in its middle."""
    rows = []
    for number, size in enumerate(sizes):
        spread = 0.1 * normal(size, len(sizes) + 3, seed=number)
        spread[0] = 0
        rows.append(spread + torch.eye(len(sizes) + 3)[number])
    return torch.cat(rows)


def most_typical(features, group, neighbours=20):
    z = features[group].double().numpy()
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    distances = np.sort(cdist(z, z), axis=1)[:, 1:]
    return group[int(distances[:, : min(neighbours, len(group) // 2)].mean(axis=1).argmin())]


def by_all_distances():
    ends = np.cumsum([0, *SIZES])
    places = [np.arange(*pair) for pair in pairwise(ends)]
    return [most_typical(groups(), group) for group in places]


def test_the_most_typical_of_each_group_is_asked_for_the_largest_group_first():
    assert asked(TypiClust(), pool(groups()), 4) == by_all_distances()


@pytest.mark.parametrize("seed", range(5))
def test_groups_with_a_label_are_left_out(seed):
    asked_for = asked(TypiClust(), pool(groups(), labelled=[5, 55]), 2, seed)
    assert asked_for == [by_all_distances()[1], by_all_distances()[3]]


def test_those_with_fewest_labels_come_first_then_the_largest_then_the_first():
    parts = [
        Group(torch.tensor([number]), labelled, size)
        for number, (labelled, size) in enumerate([(1, 90), (0, 7), (0, 9), (0, 9), (0, 5)])
    ]
    assert [[int(part) for part in tier] for tier in in_turn(parts)] == [[2, 3, 1, 0], [4]]


def test_groups_take_turns_where_more_is_asked_for_than_there_are():
    strategy = TypiClust(most_clusters=4)
    answer = asked(strategy, pool(groups()), 12)
    group_of = np.repeat(range(4), SIZES)
    assert group_of[answer].tolist() == [0, 1, 2, 3] * 3
    assert len(set(answer)) == 12


def test_small_groups_come_last():
    answer = asked(TypiClust(most_clusters=3), pool(groups([30, 20, 5])), 55)
    assert set(answer[-5:]) == set(range(50, 55))


def test_each_turn_takes_the_next_typical_image():
    features = torch.nn.functional.normalize(normal(40, 3), dim=1)
    every = torch.arange(40)
    distances = np.sort(cdist(features.double(), features.double()), axis=1)[:, 1:8]
    expected = distances.mean(axis=1).argsort()
    assert typical_first(features, every, every, 7) == expected.tolist()


def test_of_a_group_of_three_the_one_with_a_near_neighbour_is_typical():
    points = torch.tensor([[0.0], [1.0], [1.1]])
    assert typical_first(points, torch.arange(3), torch.arange(3), 20)[0] == 1


def test_in_a_large_group_a_part_is_compared(monkeypatch):
    monkeypatch.setattr(typiclust, "COMPARED", 15)
    answer = asked(TypiClust(), pool(groups()), 4)
    assert np.repeat(range(4), SIZES)[answer].tolist() == [0, 1, 2, 3]


def test_an_empty_cluster_is_nothing_to_choose_from():
    """With as many clusters as images: the reference takes the maximum of an empty array."""
    assert sorted(asked(TypiClust(), pool(normal(12, 2)), 12)) == list(range(12))


@pytest.mark.parametrize("name", ["neighbours", "most_clusters"])
def test_a_setting_without_a_meaning_is_refused(name):
    with pytest.raises(UserError, match=rf"strategy\.{name}=0: expected at least 1"):
        TypiClust(**{name: 0})
