"""Cluster margin on groups that can be told apart, and against scikit-learn's k-means."""

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from strategy_pools import asked, normal, pool

from askwell.errors import UserError
from askwell.strategy.cluster_margin import ClusterMargin
from askwell.strategy.k_means import central

GROUPS = torch.arange(60) % 6


def groups():
    return torch.eye(8)[GROUPS] + 0.05 * normal(60, 8)


def margins(values):
    """Logits [N, 2] of the given margins between two probabilities."""
    first = (1 + torch.as_tensor(values)) / 2
    return torch.stack([first, 1 - first], dim=1).log()


@pytest.mark.parametrize("seed", range(5))
def test_one_image_of_each_unsure_group_is_asked_for(seed):
    unsure = torch.where(GROUPS < 3, 0.05, 0.9) + 0.001 * torch.arange(60)
    answer = asked(ClusterMargin(), pool(groups(), margins(unsure)), 3, seed)
    assert sorted(GROUPS[answer].tolist()) == [0, 1, 2]


def test_the_image_nearest_to_the_weighted_mean_stands_for_its_group():
    points = groups()
    weights = torch.linspace(0.01, 1, 60)
    theirs = KMeans(6, n_init=10, random_state=0)
    theirs.fit(points.double().numpy(), sample_weight=weights.numpy())
    nearest = theirs.transform(points.double().numpy()).argmin(axis=0)
    assert central(points, torch.arange(60), 6, 1, weights).tolist() == sorted(nearest)


def test_images_beyond_the_preselected_are_never_asked_for():
    unsure = np.linspace(0.01, 0.99, 60)
    answer = asked(ClusterMargin(preselected=2), pool(normal(60, 4), margins(unsure)), 10)
    assert max(answer) < 20


def test_preselecting_as_many_as_asked_for_is_smallest_margin():
    unsure = np.linspace(0.99, 0.01, 60)
    answer = asked(ClusterMargin(preselected=1), pool(normal(60, 4), margins(unsure)), 10)
    assert answer == list(range(59, 49, -1))


def test_the_smallest_margins_come_first():
    logits = normal(60, 4)
    probs = logits.softmax(dim=1).topk(2).values
    answer = asked(ClusterMargin(), pool(normal(60, 4), logits), 6)
    assert answer == sorted(answer, key=(probs[:, 0] - probs[:, 1]).__getitem__)


def test_where_there_are_fewer_groups_the_smallest_margins_fill_the_query():
    unsure = np.linspace(0.01, 0.99, 60)
    two = torch.eye(3)[torch.arange(60) % 2]
    assert asked(ClusterMargin(), pool(two, margins(unsure)), 6) == [0, 1, 2, 3, 4, 5]


def test_images_of_which_the_network_is_sure_are_groups_as_well():
    sure = torch.tensor([1000.0, 0]).repeat(60, 1)
    answer = asked(ClusterMargin(), pool(groups(), sure), 6)
    assert sorted(GROUPS[answer].tolist()) == list(range(6))


def test_a_setting_without_a_meaning_is_refused():
    with pytest.raises(UserError, match=r"strategy\.preselected=0: expected at least 1"):
        ClusterMargin(preselected=0)
