"""K-centre greedy: images far from all that is labelled."""

from typing import ClassVar

import torch
from torch import Tensor

from askwell.strategy.candidates import Candidates, Query
from askwell.strategy.points import comparable

AT_ONCE = 32
"""Labelled images whose distances to all candidates are in memory at a time."""


class KCentre:
    """Asks for the image furthest, by its features, from the labelled and the chosen ones (Sener
    and Savarese, 2018).

    Without any labelled image the first is the one nearest to the mean. Ties go to the lower index.
    """

    title: ClassVar[str] = "k-centre"
    colour: ClassVar[str] = "#a0522d"
    marker: ClassVar[str] = "x"

    def __call__(self, candidates: Candidates, size: int, generator: torch.Generator) -> Query:
        positions, features = comparable(candidates)
        known = candidates.embeddings(candidates.labelled).detach().reshape(-1, features.shape[1])
        return Query(positions[centres(features, known[known.isfinite().all(dim=1)], size)])


def centres(features: Tensor, labelled: Tensor, size: int) -> Tensor:
    """`size` distinct rows [Q] of features [N, D], each the furthest from labelled [L, D] and those
    before, int64.
    """
    if not len(features):
        return torch.empty(0, dtype=torch.int64)
    nearest = torch.full((len(features),), torch.inf)
    for part in labelled.split(AT_ONCE) if len(labelled) else ():
        nearest = nearest.minimum(_distances(features, part).amin(dim=1))
    if not len(labelled):
        nearest = -_distances(features, features.mean(dim=0, keepdim=True)).flatten()
    chosen: list[int] = []
    while len(chosen) < min(size, len(features)):
        chosen.append(int(nearest.argmax()))
        reached = _distances(features, features[chosen[-1:]]).flatten()
        nearest = reached if len(chosen) == 1 and not len(labelled) else nearest.minimum(reached)
        nearest[chosen] = -1  # below every distance, those of copies included
    return torch.tensor(chosen, dtype=torch.int64)


def _distances(features: Tensor, others: Tensor) -> Tensor:
    """Euclidean, [N, M]; exactly 0 for equal rows, which the faster formula would miss."""
    return torch.cdist(features, others, compute_mode="donot_use_mm_for_euclid_dist")
