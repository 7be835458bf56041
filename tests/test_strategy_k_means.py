"""k-means against scikit-learn, from the same first centres."""

import numpy as np
import pytest
import scipy.stats
import torch
from sklearn.cluster import KMeans
from strategy_pools import normal

from askwell.randomness import generator
from askwell.strategy.k_means import clustered, drawn, first_centres, lloyd, members, nearest
from askwell.strategy.points import exact

INDICES = torch.arange(300)
EVEN = torch.ones(300).double()


def blobs(seed=0):
    return normal(3, 4, seed=seed)[INDICES % 3] * 9 + normal(300, 4, seed=seed + 50)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weighted", [False, True])
def test_lloyds_steps_lead_where_scikit_learns_do(seed, weighted):
    points = normal(300, 3, seed=seed)
    weights = normal(300, seed=seed + 1).exp().double() if weighted else EVEN
    start = first_centres(points, INDICES, 4, seed, weights)
    theirs = KMeans(4, init=start.numpy(), n_init=1, algorithm="lloyd", max_iter=25, tol=0)
    theirs.fit(points.double().numpy(), sample_weight=weights.numpy())
    np.testing.assert_allclose(lloyd(points, start, weights), theirs.cluster_centers_, atol=1e-9)


@pytest.mark.parametrize("key", range(10))
def test_separate_groups_are_clusters_of_their_own(key):
    clusters, _ = clustered(blobs(), INDICES, 3, key)
    assert {frozenset((part % 3).tolist()) for part in members(clusters)} == {
        frozenset({group}) for group in range(3)
    }


def test_a_point_is_drawn_in_proportion_to_its_mass():
    masses, five = torch.tensor([3.0, 0, 1, 2, 4]), torch.arange(5)
    found = [drawn(masses, five, 97 * key, 1).item() for key in range(4000)]
    counts = np.bincount(found, minlength=5)
    assert scipy.stats.chisquare(counts[[0, 2, 3, 4]], [1200, 400, 800, 1600]).pvalue > 0.001
    assert counts[1] == 0


def test_a_point_without_mass_is_not_drawn_though_more_are_wanted():
    found = drawn(torch.tensor([3.0, 0, 1]), torch.arange(3), 5, 3)
    assert sorted(found.tolist()) == [0, 2]


def test_of_the_points_that_are_drawn_the_one_that_leaves_least_becomes_a_centre():
    """With all points drawn, the second centre is the best there is, whatever the key."""
    points = torch.tensor([[0.0], [10], [11], [12]])
    weights = torch.tensor([1e9, 1, 1, 1]).double()
    seconds = {
        first_centres(points, torch.arange(4), 8, key, weights)[1].item() for key in range(20)
    }
    assert seconds == {11}


def test_the_order_of_the_points_does_not_matter():
    points, order = blobs(), torch.randperm(300, generator=generator("order"))
    straight, _ = clustered(points, INDICES, 8, key=2)
    shuffled, _ = clustered(points[order], INDICES[order], 8, key=2)
    assert straight[order].tolist() == shuffled.tolist()


def test_there_are_no_more_clusters_than_different_points():
    points = torch.tensor([[1.0, 2], [3, 4]]).repeat(20, 1)
    clusters, distances = clustered(points, torch.arange(40), 5, key=0)
    assert (clusters.unique().tolist(), distances.max().item()) == ([0, 1], pytest.approx(0))


def test_equal_points_are_one_cluster():
    assert clustered(torch.ones(9, 2), torch.arange(9), 3, key=0)[0].tolist() == [0] * 9


def test_a_centre_without_points_stays_where_it_is():
    points, centres = torch.tensor([[0.0], [2]]), torch.tensor([[1.0], [90]]).double()
    assert lloyd(points, centres).tolist() == [[1.0], [90.0]]


def test_of_many_points_a_part_decides_and_all_get_their_cluster():
    points = blobs().repeat(20, 1)
    clusters, distances = clustered(points, torch.arange(6000), 3, key=0)
    assert (len(clusters), len(clusters.unique())) == (6000, 3)
    centres = torch.stack([points[part].double().mean(dim=0) for part in members(clusters)])
    assert distances.sum() == pytest.approx(
        nearest(exact(points), centres)[1].sum().item(), rel=0.02
    )
