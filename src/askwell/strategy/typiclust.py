"""TypiClust: the most typical image of each group that has no label yet."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from askwell.errors import UserError
from askwell.strategy.candidates import Candidates, Query
from askwell.strategy.k_means import clustered, members
from askwell.strategy.keyed import fresh_key, some
from askwell.strategy.points import exact, labelled_unit_points, squared_distances, unit_points

SMALL = 5
"""Groups of no more images than this come last."""
COMPARED = 5000
"""Images of a group among which neighbours are looked for: a random part of a larger one."""
EXACT = 1e6
"""Typicalities that agree to a millionth are tied."""


@dataclass(frozen=True)
class TypiClust:
    """Clusters all images by k-means of features at length 1, one cluster per label that there will
    be, and takes one image of each: of those with fewest labels first, the largest first
    (Hacohen et al., ICML 2022).

    Typical is the image with the smallest mean distance to its nearest `neighbours` in the cluster,
    or to half of the cluster. Clusters take turns where more images are asked for; those of five
    images or fewer come last. There are never more than `most_clusters`.
    """

    title: ClassVar[str] = "TypiClust"
    colour: ClassVar[str] = "#117733"
    marker: ClassVar[str] = "p"

    neighbours: int = 20
    most_clusters: int = 500

    def __post_init__(self) -> None:
        for name in ("neighbours", "most_clusters"):
            if getattr(self, name) < 1:
                raise UserError(f"strategy.{name}={getattr(self, name)}: expected at least 1")

    def __call__(self, candidates: Candidates, size: int, generator: torch.Generator) -> Query:
        positions, points = unit_points(candidates)
        among, known = labelled_unit_points(candidates, points.shape[1])
        key, clusters = fresh_key(generator), min(len(known) + size, self.most_clusters)
        indices = torch.cat([candidates.indices[positions], candidates.labelled[among]])
        if not len(points):
            return Query(positions)
        number, _ = clustered(torch.cat([points, known]), indices, clusters, key)
        groups = [group_of(part, len(points)) for part in members(number)]
        chosen = self._typical(points, indices, in_turn(groups), min(size, len(points)), key)
        return Query(positions[torch.tensor(chosen, dtype=torch.int64)])

    def _typical(
        self, points: Tensor, indices: Tensor, tiers: list[list[Tensor]], size: int, key: int
    ) -> list[int]:
        """One image of each group of the first tier, again and again; then of the next one."""
        chosen: list[int] = []
        for groups in tiers:
            queues: list[list[int]] = []
            most = min(size - len(chosen), sum(map(len, groups)))
            for group in groups[:most]:
                seen = group[some(indices[group], COMPARED, key)]
                queues.append(typical_first(points, group, seen, self.neighbours))
            chosen += taken_in_turns(queues)[:most]
        return chosen


class Group(NamedTuple):
    """A cluster."""

    free: Tensor  # int64 [n], places of its unlabelled images
    labelled: int
    size: int


def group_of(places: Tensor, unlabelled: int) -> Group:
    """A cluster of images at `places` [n], of which those from `unlabelled` on are labelled."""
    free = places[places < unlabelled]
    return Group(free, len(places) - len(free), len(places))


def in_turn(groups: list[Group]) -> list[list[Tensor]]:
    """The unlabelled images of the groups that are large enough, those with fewest labels first,
    the largest first; then of the small ones.
    """
    ordered = sorted(
        (group for group in groups if len(group.free)),
        key=lambda group: (group.labelled, -group.size, int(group.free[0])),
    )
    large = [group.free for group in ordered if group.size > SMALL]
    return [large, [group.free for group in ordered if group.size <= SMALL]]


def typical_first(points: Tensor, group: Tensor, seen: Tensor, neighbours: int) -> list[int]:
    """The places of a `group` [n], by their mean distance to the nearest of those `seen` [m]."""
    count = min(neighbours, len(group) // 2, len(seen) - 1)
    if count < 1:
        return group.tolist()
    means = [_to_neighbours(points, part, seen, count) for part in group.split(512)]
    return group[(torch.cat(means) * EXACT).round().argsort(stable=True)].tolist()


def _to_neighbours(points: Tensor, part: Tensor, seen: Tensor, count: int) -> Tensor:
    distances = squared_distances(exact(points[part]), exact(points[seen])).sqrt_()
    distances[part[:, None] == seen] = torch.inf
    return distances.topk(count, largest=False).values.mean(dim=1)


def taken_in_turns(queues: list[list[int]]) -> list[int]:
    """The first of every queue, then the second of every queue, and so on.

    >>> taken_in_turns([[1, 2, 3], [4], [5, 6]])
    [1, 4, 5, 2, 6, 3]
    """
    longest = max(map(len, queues), default=0)
    return [queue[turn] for turn in range(longest) for queue in queues if turn < len(queue)]
