"""K-centre greedy: images far from all that is labelled."""

from typing import ClassVar

import torch
from torch import Tensor

from askwell.strategy.candidates import Candidates, Query
from askwell.strategy.greedy import greedy
from askwell.strategy.points import (
    ROUNDING,
    Exact,
    comparable,
    exact,
    first_highest,
    of_blocks,
    squared_distances,
)

AT_ONCE = 512
"""Candidates whose distances to all labelled images are in memory at a time."""
RENEWED = 64
"""Candidates whose distances are brought up to date at a time: they only shrink."""


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
    tolerance = ROUNDING * float(of_blocks(features, AT_ONCE, _squares).max())
    start = [] if len(labelled) else [_middle(features, tolerance)]
    known = exact(features[start] if start else labelled)
    first = of_blocks(features, AT_ONCE, lambda rows: _nearest(rows, known))
    first[start] = -torch.inf
    chosen = start.copy()

    def gains(rows: Tensor) -> Tensor:
        return _nearest(features[rows], exact(features[chosen])).minimum(first[rows])

    size = min(size, len(features)) - len(start)
    others = greedy(first, gains, chosen.append, size, RENEWED, tolerance)
    return torch.cat([torch.tensor(start, dtype=torch.int64), others])


def _middle(features: Tensor, tolerance: float) -> int:
    """The row nearest to the mean."""
    mean = exact(features.mean(dim=0, keepdim=True))
    far = of_blocks(features, AT_ONCE, lambda rows: _nearest(rows, mean))
    return first_highest(-far, tolerance)


def _nearest(rows: Tensor, others: Exact) -> Tensor:
    """The squared distance of each row [n, D] to the nearest of the others, [n]."""
    return squared_distances(exact(rows), others).amin(dim=1)


def _squares(rows: Tensor) -> Tensor:
    return exact(rows).squares
