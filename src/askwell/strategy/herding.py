"""Herding: images that stand for many others, the unsure ones first."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from askwell.acquisition import entropy, smallest_margin
from askwell.errors import UserError
from askwell.strategy.candidates import Candidates, Query
from askwell.strategy.greedy import greedy
from askwell.strategy.keyed import fresh_key, some
from askwell.strategy.look import Look
from askwell.strategy.points import (
    ROUNDING,
    exact,
    labelled_unit_points,
    of_blocks,
    squared_distances,
    unit_points,
)

WEIGHTS = {"margin": lambda probs: 1 + smallest_margin(probs), "entropy": entropy}
ROWS = 512
"""Candidates whose kernels with all reference images are in memory at a time."""
RENEWED = 64
"""Candidates whose gains are brought up to date at a time: the sum of maxima is submodular."""


@dataclass(frozen=True)
class Herding:
    """Covers the pool: each image adds as much as possible to the sum over reference images r of
    `u_r max_s k(r, s)`, over all labelled and chosen s.

    `k(z, z') = exp(-‖z - z'‖² / radius²)` of features at length 1. With `weight=none`, u is 1
    (MaxHerding, Bae et al., ECCV 2024); with `margin` or `entropy` it is the network's uncertainty
    (UHerding, Bae et al., ICLR 2025), at the temperature that fits best, and 1 while nothing is
    labelled. The radius is a number, or taken from the labelled images' distances to the nearest
    other one: their `mean`, or their `minimum` as published, which one pair of near copies can make
    tiny; it is 1 below two labels.
    The reference images are all candidates, or a random part of `references` of them.
    """

    title: ClassVar[str] = "herding"
    colour: ClassVar[str] = "#332288"
    marker: ClassVar[str] = "h"

    weight: str = "margin"
    radius: float | str = "mean"
    references: int = 5000

    def __post_init__(self) -> None:
        if self.weight not in ("none", *WEIGHTS):
            raise UserError(f"strategy.weight={self.weight}: expected none, margin or entropy")
        named = self.radius in ("mean", "minimum")
        if not named and (isinstance(self.radius, str) or not self.radius > 0):
            raise UserError(
                f"strategy.radius={self.radius}: expected mean, minimum or a number above 0"
            )
        if self.references < 1:
            raise UserError(f"strategy.references={self.references}: expected at least 1")

    def __call__(self, candidates: Candidates, size: int, generator: torch.Generator) -> Query:
        weights = self._weights(candidates)
        positions, points = unit_points(candidates, weights)
        _, labelled = labelled_unit_points(candidates, points.shape[1])
        radius = radius_of(labelled, self.radius) if isinstance(self.radius, str) else self.radius
        seen = some(candidates.indices[positions], self.references, fresh_key(generator))
        cover = Cover(points[seen], weights[positions[seen]], labelled, radius)
        return Query(positions[covering(points, cover, size)])

    def _weights(self, candidates: Candidates) -> Tensor:
        if self.weight == "none" or not len(candidates.labelled):
            return torch.ones(len(candidates))

        temperature = candidates.temperature

        def weight(look: Look) -> Tensor:
            return WEIGHTS[self.weight]((look.logits / temperature).softmax(dim=-1))

        return candidates.collect(weight).detach()


def radius_of(labelled: Tensor, rule: str) -> float:
    """The `mean` or `minimum` over points [L, D] of the distance to the nearest other one.

    Copies have no say in the minimum. It is 1 where there are no two different points.

    >>> radius_of(torch.tensor([[0.0], [0.0], [1.0], [3.0]]), "mean")
    0.75
    """
    nearest = torch.cat([torch.empty(0), *map(_to_next, _parts(labelled))]).double()
    if rule == "minimum":
        nearest = nearest[nearest > 0]
    return (nearest.mean() if rule == "mean" else nearest.min()).item() if nearest.any() else 1.0


def _parts(points: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
    """(positions, rows, all) of some points at a time; nothing of a single point."""
    if len(points) < 2:
        return []
    return [(part, points[part], points) for part in torch.arange(len(points)).split(ROWS)]


def _to_next(part: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """Each row's distance to the nearest other point; exactly 0 to a copy."""
    positions, rows, points = part
    distances = torch.cdist(rows, points, compute_mode="donot_use_mm_for_euclid_dist")
    distances[torch.arange(len(rows)), positions] = torch.inf
    return distances.amin(dim=1)


class Cover:
    """How far the reference images [M, D], of given weights [M], are covered so far."""

    def __init__(self, points: Tensor, weights: Tensor, labelled: Tensor, radius: float) -> None:
        self.points, self.weights, self.radius = exact(points), weights.double(), radius
        self.reached = torch.zeros(len(points), dtype=torch.float64)  # [M], the highest kernel
        for part in labelled.split(ROWS):
            self.add(part)

    def add(self, points: Tensor) -> None:
        self.reached = torch.cat([self.reached[None], self._kernel(points)]).amax(dim=0)

    def gains(self, points: Tensor) -> Tensor:
        """What each of the points [B, D] would add, [B]."""
        more = self._kernel(points).sub_(self.reached).clamp_(min=0)
        return more @ self.weights

    def _kernel(self, points: Tensor) -> Tensor:
        return squared_distances(exact(points), self.points).mul_(-1 / self.radius**2).exp_()


def covering(points: Tensor, cover: Cover, size: int) -> Tensor:
    """`size` distinct rows [Q] of points [N, D], each the one that adds most to the cover."""
    return greedy(
        of_blocks(points, ROWS, cover.gains),
        gains=lambda rows: cover.gains(points[rows]),
        add=lambda row: cover.add(points[row : row + 1]),
        size=size,
        at_once=RENEWED,
        tolerance=ROUNDING * float(cover.weights.sum()),
    )
