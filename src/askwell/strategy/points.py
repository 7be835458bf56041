"""Features as points in space: one row per image, compared in double precision.

Legend of axes: N images, M others, D features.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from askwell.strategy.candidates import Candidates

AT_ONCE = 4096
"""Rows that are copied to double precision at a time."""

ROUNDING = 1e-10
"""Values that differ by less than this part of the largest are tied: only rounding tells them
apart.
"""


def comparable(candidates: Candidates, also: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Positions [n] of the candidates that can be compared, and their features [n, D].

    Left out are those with features, or values of `also` [N], that are not finite. They are in the
    order of their indices, so that a tie is decided by them however the candidates are ordered.
    """
    features = candidates.embeddings().detach()
    finite = features.isfinite().all(dim=1)
    if also is not None:
        finite &= also.isfinite()
    positions = torch.nonzero(finite).flatten()
    positions = positions[candidates.indices[positions].argsort()]
    return positions, features[positions]


def unit_points(candidates: Candidates, also: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """As `comparable`, with features at length 1."""
    positions, features = comparable(candidates, also)
    return positions, unit(features)


def labelled_unit_points(candidates: Candidates, width: int) -> tuple[Tensor, Tensor]:
    """Positions [l] among the labelled images, and their features at length 1, [l, D]; those that
    are not finite are left out.
    """
    features = candidates.embeddings(candidates.labelled).detach().reshape(-1, width)
    positions = torch.nonzero(features.isfinite().all(dim=1)).flatten()
    return positions, unit(features[positions])


def unit(rows: Tensor) -> Tensor:
    """The rows [N, D] at length 1; those of zeros stay as they are.

    >>> unit(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    tensor([[0.6000, 0.8000],
            [0.0000, 0.0000]])
    """
    scaled = torch.empty_like(rows)
    for part, into in zip(rows.split(AT_ONCE), scaled.split(AT_ONCE), strict=True):
        exact = part.double()
        into.copy_(exact / exact.norm(dim=1, keepdim=True).clamp(min=torch.finfo().tiny))
    return scaled


class Exact(NamedTuple):
    """Points in double precision, for distances that are asked for many times."""

    rows: Tensor  # [N, D]
    squares: Tensor  # [N], their squared lengths


def exact(rows: Tensor) -> Exact:
    """Points [N, D] as distances need them."""
    points = rows.double()
    return Exact(points, points.square().sum(dim=1))


def squared_distances(points: Exact, others: Exact) -> Tensor:
    """`‖a - b‖²`, float64 [N, M].

    >>> squared_distances(exact(torch.tensor([[0.0], [1.0]])), exact(torch.tensor([[3.0]])))
    tensor([[9.],
            [4.]], dtype=torch.float64)
    """
    lengths = points.squares[:, None] + others.squares
    return lengths.addmm_(points.rows, others.rows.T, alpha=-2).clamp_(min=0)


def of_blocks(rows: Tensor, at_once: int, function: Callable[[Tensor], Tensor]) -> Tensor:
    """A number for each of the rows [N, D], float64 [N], by a function of `at_once` of them.

    They go into one tensor: many small ones between the large ones of the function would pin the
    memory of these.

    >>> of_blocks(torch.tensor([[1.0], [2.0], [4.0]]), 2, lambda rows: rows.sum(dim=1))
    tensor([1., 2., 4.], dtype=torch.float64)
    """
    found = torch.empty(len(rows), dtype=torch.float64)
    for part, into in zip(rows.split(at_once), found.split(at_once), strict=True):
        into.copy_(function(part))
    return found


def times(rows: Tensor, matrix: Tensor) -> Tensor:
    """`rows @ matrix`, float64, without a copy of all rows [N, D] in double precision."""
    return torch.cat([part.double() @ matrix for part in rows.split(AT_ONCE)])


def first_highest(values: Tensor, tolerance: float = 0.0) -> int:
    """The lowest position whose value is within `tolerance` of the highest.

    >>> first_highest(torch.tensor([1.0, 2.0 - 1e-6, 2.0]), tolerance=1e-3)
    1
    """
    return int(torch.nonzero(values >= values.max() - tolerance)[0])
