"""Herding against the whole matrix of kernels."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from strategy_pools import asked, normal, pool

from askwell.errors import UserError
from askwell.strategy.herding import Cover, Herding, covering, radius_of

LABELLED = [3, 20, 41, 55]
FREE = [index for index in range(60) if index not in LABELLED]


def by_all_kernels(features, labelled, weights, radius, size):
    """Indices, by sums over the N × N kernel."""
    z = features.double().numpy()
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    kernel = np.exp(-cdist(z, z, "sqeuclidean") / radius**2)
    chosen: list[int] = []
    for _ in range(size):
        covered = kernel[:, [*labelled, *chosen]].max(axis=1, initial=0)
        gains = np.maximum(kernel - covered[:, None], 0).T @ weights
        gains[[*labelled, *chosen]] = -1
        chosen.append(int(np.flatnonzero(gains >= gains.max() - 1e-9)[0]))  # two can tie
    return chosen


def mean_distance(features, labelled):
    z = features[labelled].double().numpy()
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    distances = cdist(z, z)
    np.fill_diagonal(distances, np.inf)
    return distances.min(axis=1)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("labelled", [[], [7], LABELLED])
def test_max_herding_chooses_what_all_kernels_would(seed, labelled):
    features = normal(60, 5, seed=seed)
    expected = by_all_kernels(features, labelled, np.ones(60), 0.7, 15)
    strategy = Herding(weight="none", radius=0.7)
    assert asked(strategy, pool(features, labelled=labelled), 15) == expected


@pytest.mark.parametrize("rule", ["mean", "minimum"])
@pytest.mark.parametrize("weight", ["margin", "entropy"])
def test_uncertainty_herding_weighs_what_is_covered(weight, rule):
    features, logits = normal(60, 5, seed=1), 2 * normal(60, 4, seed=2)
    probs = logits.double().softmax(dim=1)
    two = probs.topk(2).values
    weights = {
        "margin": 1 - two[:, 0] + two[:, 1],
        "entropy": -(probs * probs.log()).sum(dim=1),
    }[weight].clone()
    weights[LABELLED] = 0
    nearest = mean_distance(features, LABELLED)
    radius = nearest.mean() if rule == "mean" else nearest.min()
    expected = by_all_kernels(features, LABELLED, weights.numpy(), radius, 15)
    candidates = pool(features, logits, LABELLED)
    assert asked(Herding(weight, rule), candidates, 15) == expected


def test_a_network_without_a_label_has_no_say():
    features = normal(60, 5)
    one, other = (pool(features, normal(60, 4, seed=seed)) for seed in (1, 2))
    assert asked(Herding(), one, 9) == asked(Herding(), other, 9)


def test_the_first_image_of_all_is_the_one_in_the_largest_group():
    features = torch.tensor([[-1.0, 0], [1, 0], [1, 0.1], [1, -0.1]])
    assert asked(Herding(), pool(features), 2) == [1, 0]


def test_copies_of_what_is_labelled_come_last():
    features = normal(30, 5).repeat(2, 1)
    answer = asked(Herding(weight="none"), pool(features, labelled=range(15)), 45)
    assert not {*range(30, 45)} & {*answer[:15]}


def test_references_are_a_random_part_of_the_pool():
    features = normal(300, 5)
    answers = {tuple(asked(Herding(references=20), pool(features), 5, seed)) for seed in range(5)}
    assert len(answers) == 5


def test_gains_that_are_put_off_change_nothing():
    points = torch.nn.functional.normalize(normal(2000, 3), dim=1)
    cover = Cover(points, torch.ones(2000), points[:0], 0.3)
    expected = by_all_kernels(points, [], np.ones(2000), 0.3, 40)
    assert covering(points, cover, 40).tolist() == expected


@pytest.mark.parametrize("rule", ["mean", "minimum"])
def test_the_radius_is_1_below_two_different_labelled_images(rule):
    one = torch.ones(1, 3)
    assert [radius_of(points, rule) for points in (one[:0], one, one.repeat(5, 1))] == [1] * 3


def test_a_pair_of_copies_does_not_make_the_smallest_radius_0():
    assert radius_of(torch.tensor([[0.0], [0.0], [2.0], [5.0]]), "minimum") == 2


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"weight": "bald"}, "strategy.weight=bald: expected none, margin or entropy"),
        ({"radius": "median"}, "strategy.radius=median: expected mean, minimum or a number"),
        ({"radius": 0}, "strategy.radius=0: expected mean, minimum or a number above 0"),
        ({"references": 0}, "strategy.references=0: expected at least 1"),
    ],
)
def test_a_setting_without_a_meaning_is_refused(setting, words):
    with pytest.raises(UserError, match=words):
        Herding(**setting)
