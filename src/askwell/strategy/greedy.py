"""Greedy choices of which each makes the others worth less, or no more: few need a new look."""

from collections.abc import Callable

import torch
from torch import Tensor

from askwell.strategy.points import first_highest


def greedy(
    first: Tensor,
    gains: Callable[[Tensor], Tensor],
    add: Callable[[int], None],
    size: int,
    at_once: int,
    tolerance: float,
) -> Tensor:
    """`size` distinct positions [Q], each with the highest gain once those before it are added.

    `first` [N] are the gains of all before any choice; `gains` gives those of some positions [b]
    now, [b]. They only shrink, so that a former gain bounds the present one and `at_once` positions
    are looked at anew until no other can be the highest (Minoux, 1978). Gains that differ by less
    than `tolerance` are tied, and go to the lower position.
    """
    bounds = first.clone()
    chosen: list[int] = []
    while len(chosen) < min(size, len(first)):
        if chosen:
            _renew(bounds, gains, tolerance, at_once)
        chosen.append(first_highest(bounds, tolerance))
        bounds[chosen[-1]] = -torch.inf
        add(chosen[-1])
    return torch.tensor(chosen, dtype=torch.int64)


def _renew(
    bounds: Tensor, gains: Callable[[Tensor], Tensor], tolerance: float, at_once: int
) -> None:
    """Brings all of the bounds [N] that may be the highest up to date."""
    old, highest = torch.ones_like(bounds, dtype=torch.bool), 0.0
    while True:
        waiting = torch.nonzero(old & (bounds > max(highest - tolerance, tolerance))).flatten()
        if not len(waiting):
            return
        next_ones = waiting[bounds[waiting].topk(min(at_once, len(waiting))).indices]
        bounds[next_ones], old[next_ones] = gains(next_ones), False
        highest = max(highest, float(bounds[next_ones].max()))
