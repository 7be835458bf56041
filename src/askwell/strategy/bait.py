"""BAIT: images whose labels would teach most about the last layer, over the whole pool."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from askwell.errors import UserError
from askwell.strategy.candidates import Candidates, Query
from askwell.strategy.look import Look, probabilities
from askwell.strategy.points import AT_ONCE, ROUNDING, comparable, first_highest, times

NUMBERS = 2**25
"""Numbers of all rows up to which a copy in double precision is kept: a quarter of a GiB."""


@dataclass(frozen=True)
class Bait:
    """Minimises `tr(A⁻¹ F)`, with F the Fisher information of all images and A that of the labelled
    and chosen ones (Ash et al., NeurIPS 2021).

    The label is seen as a binary one, right or wrong (Huseljic et al., "Fast Fishing", 2024). The
    information of an image is then `e eᵀ` with `e = √(p₁(1 - p₁)) x`, of rank one, so that every
    choice costs two products per image and two numbers are kept of each. Twice as many as asked for
    are chosen, and those that matter least are dropped again. `ridge` times the mean eigenvalue of
    F is added to A: features in another unit lead to the same query.
    """

    title: ClassVar[str] = "BAIT"
    colour: ClassVar[str] = "#aa4499"
    marker: ClassVar[str] = "d"

    ridge: float = 0.3

    def __post_init__(self) -> None:
        if not self.ridge > 0:
            raise UserError(f"strategy.ridge={self.ridge}: expected a number above 0")

    def __call__(self, candidates: Candidates, size: int, generator: torch.Generator) -> Query:
        deviations = candidates.collect(deviation).detach()
        positions, rows = comparable(candidates, deviations)
        rows.mul_(deviations[positions, None])
        known = _labelled(candidates, rows.shape[1])
        return Query(positions[informative(rows, known, min(size, len(rows)), self.ridge)])


def deviation(look: Look) -> Tensor:
    """`√(p₁(1 - p₁))` [B]: the standard deviation of whether the likeliest class is right."""
    highest = probabilities(look).amax(dim=1)
    return (highest * (1 - highest)).clamp(min=0).sqrt()


def _labelled(candidates: Candidates, width: int) -> Tensor:
    """e of the labelled images, [L, D]; those that are not finite are left out."""
    features = candidates.embeddings(candidates.labelled).reshape(-1, width)
    deviations = candidates.collect(deviation, candidates.labelled).reshape(-1, 1)
    rows = (features * deviations).detach()
    return rows[rows.isfinite().all(dim=1)]


def informative(rows: Tensor, labelled: Tensor, size: int, ridge: float) -> Tensor:
    """`size` distinct rows [Q] of e [N, D] that lower `tr(A⁻¹ F)` most, given the e of labelled
    images [L, D], int64.
    """
    known, count = moment(labelled), len(labelled) + size
    target = (moment(rows) + known) / max(len(rows) + len(labelled), 1)
    diagonal = target.trace() / len(target)
    if not diagonal > 0:
        return torch.arange(size)  # no label would teach anything
    start = ridge * diagonal * torch.eye(len(target), dtype=torch.float64) + known / count
    trace = Trace(rows, (size / count) ** 0.5, torch.linalg.inv(start), target)
    chosen = _added(trace, min(2 * size, len(rows)))
    kept = Trace(rows[chosen], trace.scale, trace.inverse, target, sign=-1)
    return chosen[_left(kept, len(chosen) - size)]


def moment(rows: Tensor) -> Tensor:
    """`Σ e eᵀ` of rows [N, D], float64 [D, D]."""
    total = torch.zeros(rows.shape[1], rows.shape[1], dtype=torch.float64)
    for part in rows.split(AT_ONCE):
        exact = part.double()
        total.addmm_(exact.T, exact)
    return total


class Trace:
    """By how much `tr(A⁻¹ F)` falls when a row is added to A (sign 1), or rises when it is taken
    away (sign -1).

    That is `eᵀA⁻¹FA⁻¹e / (1 + sign·eᵀA⁻¹e)` (Sherman and Morrison, 1950), with e a row times
    `scale`. Numerators and denominators are kept, and follow A.
    """

    def __init__(
        self, rows: Tensor, scale: float, inverse: Tensor, target: Tensor, sign: int = 1
    ) -> None:
        small = rows.numel() <= NUMBERS
        self.rows, self.scale, self.inverse = rows.double() if small else rows, scale, inverse
        self.target, self.sign = target, sign
        parts = [self._start(scale * part.double()) for part in rows.split(AT_ONCE)]
        self.numerators, self.denominators = (torch.cat(each) for each in zip(*parts, strict=True))

    def _start(self, part: Tensor) -> tuple[Tensor, Tensor]:
        towards = part @ self.inverse
        numerators = (towards @ self.target * towards).sum(dim=1)
        return numerators, 1 + self.sign * (towards * part).sum(dim=1)

    @property
    def changes(self) -> Tensor:
        return self.numerators / self.denominators

    def move(self, row: int) -> None:
        """Adds the row to A, or takes it away."""
        along = self.inverse @ (self.scale * self.rows[row].double())
        divisor, pulled = float(self.denominators[row]), self.target @ along
        both = self.scale * torch.stack([along, self.inverse @ pulled], dim=1)
        by_along, by_pulled = times(self.rows, both).unbind(dim=1)
        shares = by_along / divisor
        self.numerators += shares.square() * (along @ pulled) - 2 * self.sign * shares * by_pulled
        self.denominators -= shares * by_along
        self.inverse = self.inverse - self.sign * torch.outer(along, along) / divisor


def _added(trace: Trace, size: int) -> Tensor:
    """`size` rows [Q] in the order in which they were added."""
    tolerance = ROUNDING * float(trace.changes.max())
    free = torch.ones(len(trace.rows), dtype=torch.bool)
    chosen: list[int] = []
    while len(chosen) < size:
        chosen.append(first_highest(trace.changes.masked_fill(~free, -torch.inf), tolerance))
        free[chosen[-1]] = False
        trace.move(chosen[-1])
    return torch.tensor(chosen, dtype=torch.int64)


def _left(trace: Trace, dropped: int) -> Tensor:
    """Places of the rows that are left when as many were dropped; of equal ones the last goes."""
    tolerance = ROUNDING * float(trace.changes.max())
    kept = torch.ones(len(trace.rows), dtype=torch.bool)
    for _ in range(dropped):
        losses = trace.changes.masked_fill(~kept, torch.inf)
        row = len(losses) - 1 - first_highest(-losses.flip(0), tolerance)
        kept[row] = False
        trace.move(row)
    return torch.nonzero(kept).flatten()
