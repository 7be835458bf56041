"""k-means whose random choices depend on the images' indices and a key alone.

Legend of axes: N points, K clusters, D features.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from askwell.randomness import gumbel
from askwell.strategy.keyed import some
from askwell.strategy.points import (
    AT_ONCE,
    ROUNDING,
    Exact,
    exact,
    first_highest,
    squared_distances,
)

PER_CLUSTER = 100
"""Points that the centres are fitted to, per cluster: more change a mean by little."""
STEPS = 25
"""Steps of Lloyd's at most: those after them move few points."""


def clustered(
    points: Tensor, indices: Tensor, clusters: int, key: int, weights: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The cluster of each point [N], int64, and its squared distance to the centre, float64 [N].

    The centres are those of k-means of a random part of the points, of 100 for each cluster. There
    are fewer clusters than asked for where there are fewer different points; a cluster can be
    empty. `indices` [N] and `key` decide what is drawn; `weights` [N] are 1 by default.
    """
    fitted = some(indices, PER_CLUSTER * clusters, key)
    weights = torch.ones(len(points)) if weights is None else weights
    part, shares = points[fitted].double(), weights[fitted].double()
    centres = lloyd(part, first_centres(part, indices[fitted], clusters, key, shares), shares)
    found = [nearest(exact(block), centres) for block in points.split(AT_ONCE)]
    numbers, distances = zip(*found, strict=True)
    return torch.cat(numbers), torch.cat(distances)


def first_centres(
    points: Tensor, indices: Tensor, clusters: int, key: int, weights: Tensor
) -> Tensor:
    """Up to `clusters` points, float64 [K, D], as the greedy k-means++ draws them (Arthur and
    Vassilvitskii, 2007): of a few that are drawn by weight times squared distance from those before
    them, the one that leaves the least sum of these.
    """
    chosen, measured = drawn(weights, indices, key, 1), exact(points)
    distances = _to(measured, chosen).flatten()
    least, trials = ROUNDING * float(distances.max()), 2 + int(math.log(clusters))
    while len(chosen) < clusters:
        masses = torch.where(distances > least, weights * distances, 0)
        if not masses.any():
            break
        found = drawn(masses, indices, key + len(chosen), trials)
        left = _to(measured, found).minimum(distances[:, None])
        best = first_highest(-(weights @ left), ROUNDING * float(weights @ distances))
        chosen, distances = torch.cat([chosen, found[best : best + 1]]), left[:, best]
    return points[chosen].double()


def drawn(masses: Tensor, indices: Tensor, key: int, count: int) -> Tensor:
    """Up to `count` places that have a mass above 0, drawn in proportion to it without putting
    back.
    """
    keys = masses.log() + gumbel(indices, key)
    return keys.topk(max(1, min(count, int((masses > 0).sum())))).indices


def lloyd(points: Tensor, centres: Tensor, weights: Tensor | None = None) -> Tensor:
    """The centres [K, D] after Lloyd's steps, until no point changes its cluster; one without
    points stays.
    """
    weights = torch.ones(len(points)).double() if weights is None else weights
    before, measured = None, exact(points)
    for _ in range(STEPS):
        clusters, _ = nearest(measured, centres)
        if before is not None and torch.equal(clusters, before):
            break
        centres, before = _means(measured.rows, clusters, weights, centres), clusters
    return centres


def nearest(points: Exact, centres: Tensor) -> tuple[Tensor, Tensor]:
    """The nearest centre of each of N points, int64, the first of equal ones, and its squared
    distance [N].
    """
    ends = exact(centres)
    parts = zip(*(each.split(AT_ONCE) for each in points), strict=True)
    found = [squared_distances(Exact(*part), ends).min(dim=1) for part in parts]
    return torch.cat([each.indices for each in found]), torch.cat([each.values for each in found])


def _means(points: Tensor, clusters: Tensor, weights: Tensor, centres: Tensor) -> Tensor:
    sums, total = torch.zeros_like(centres), centres.new_zeros(len(centres))
    for part in torch.arange(len(points)).split(AT_ONCE):
        sums.index_add_(0, clusters[part], weights[part, None] * points[part])
        total.index_add_(0, clusters[part], weights[part])
    return torch.where(total[:, None] > 0, sums / total[:, None], centres)


def _to(points: Exact, few: Tensor) -> Tensor:
    """Squared distances [N, M] to those at a few places [M]."""
    return squared_distances(points, Exact(points.rows[few], points.squares[few]))


def members(clusters: Tensor) -> Iterator[Tensor]:
    """The places [n] of the points of each cluster that has any, ascending.

    >>> [each.tolist() for each in members(torch.tensor([2, 0, 2]))]
    [[1], [0, 2]]
    """
    order = clusters.argsort(stable=True)
    yield from order.split(clusters.unique(return_counts=True)[1].tolist())


def central(
    points: Tensor, indices: Tensor, size: int, key: int, weights: Tensor | None = None
) -> Tensor:
    """`size` distinct rows [Q] of points [n, D], ascending: the nearest to the centre of each of as
    many clusters; the first rows where there are fewer clusters, int64.
    """
    if size >= len(points):
        return torch.arange(len(points))
    weights = weights if weights is not None and weights.any() else None
    clusters, distances = clustered(points, indices, size, key, weights)
    taken = torch.zeros(len(points), dtype=torch.bool)
    for part in members(clusters):
        taken[part[first_highest(-distances[part], ROUNDING)]] = True
    others = torch.nonzero(~taken).flatten()[: size - int(taken.sum())]
    return torch.cat([torch.nonzero(taken).flatten(), others]).sort().values
