"""How high an acquisition function can be where logits are known up to an error.

Legend of axes: B images, C classes. Differences [B, C] are logits minus that of one class y, which
is the most likely one in the cheap pass; its own entry is zero and without an error. p1, p2 and pC
are the most likely class today, the second and the least likely; odds are p / p_y.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

ROUNDING = 2e-5
"""More than what `softmax` and an acquisition function in float32 can be from their exact values:
each probability is right within 32 units of 2⁻²⁴, for exponentials within 2 of them and C = 10.
"""
STEEPEST = 300.0
"""Exponents are cut here, where a probability is 0 or 1 and float64 still has numbers."""


def apart(logits: Tensor) -> Tensor:
    """Logits [B, C] minus the highest of each image, float64."""
    wide = logits.double()
    return wide - wide.amax(dim=1, keepdim=True)


Ceiling = Callable[[Tensor, Tensor], Tensor]
"""(differences float64 [B, C], error [B, C]) to the highest score that each image can have today,
[B].
"""


def ends(differences: Tensor, error: Tensor) -> tuple[Tensor, Tensor]:
    """The least and the most that the odds against the one class can be, float64 [B, C]."""
    reach = others(differences, error.double())
    cut = (one.clamp(-STEEPEST, STEEPEST) for one in (differences - reach, differences + reach))
    least, most = (one.exp() for one in cut)
    return least, most


def least_confidence(differences: Tensor, error: Tensor) -> Tensor:
    """1 − p1 ≤ 1 − p_y = 1 − 1 / Σ odds."""
    _, most = ends(differences, error)
    return 1 - 1 / most.sum(dim=1) + ROUNDING


def smallest_margin(differences: Tensor, error: Tensor) -> Tensor:
    """−(p1 − p2) ≤ −(p_y − p_c) = −(1 − odds_c) / Σ odds for the c that is nearest, and ≤ 0."""
    _, most = ends(differences, error)
    nearest = others(differences, most).amax(dim=1)
    return -((1 - nearest) / most.sum(dim=1)).clamp(min=0) + ROUNDING


def largest_margin(differences: Tensor, error: Tensor) -> Tensor:
    """pC − p1 ≤ p_c − p_y = (odds_c − 1) / Σ odds for the c that is farthest, and ≤ 0."""
    _, most = ends(differences, error)
    return ((most.amin(dim=1) - 1) / most.sum(dim=1)).clamp(max=0) + ROUNDING


def entropy(differences: Tensor, error: Tensor) -> Tensor:
    """Σ of the most that −p ln p can be for each probability by itself, and ≤ ln C."""
    least, most = ends(differences, error)
    low = least / (least + (most.sum(dim=1, keepdim=True) - most))
    high = most / (most + (least.sum(dim=1, keepdim=True) - least))
    peak = torch.full_like(low, 1 / math.e)
    summits = torch.special.entr(torch.minimum(torch.maximum(peak, low), high))
    return summits.sum(dim=1).clamp(max=math.log(differences.shape[1])) + ROUNDING


def others(differences: Tensor, values: Tensor) -> Tensor:
    """`values` with zero for the one class, which is the first without a difference."""
    return values.scatter(1, differences.argmax(dim=1, keepdim=True), 0.0)


CEILINGS: dict[str, Ceiling] = {
    "lc": least_confidence,
    "entropy": entropy,
    "sm": smallest_margin,
    "lm": largest_margin,
}
