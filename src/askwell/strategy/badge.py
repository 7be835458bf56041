"""BADGE: images whose gradients are long and point in different directions."""

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from askwell.randomness import gumbel
from askwell.strategy.candidates import Candidates, Query
from askwell.strategy.keyed import fresh_key
from askwell.strategy.look import Look, probabilities
from askwell.strategy.points import AT_ONCE, ROUNDING, first_highest, times


class Badge:
    """Draws as k-means++ does among the gradients of the last layer (Ash et al., ICLR 2020).

    The gradient of the loss at the likeliest label is the outer product of `δ = p - onehot(argmax
    p)` [C] and the features x [D]. Hence `‖g - h‖² = ‖δ‖²‖x‖² + ‖ε‖²‖y‖² - 2 (δ·ε)(x·y)`, and
    nothing as wide as C·D is ever formed.
    """

    title: ClassVar[str] = "BADGE"
    colour: ClassVar[str] = "#7a5195"
    marker: ClassVar[str] = "*"

    def __call__(self, candidates: Candidates, size: int, generator: torch.Generator) -> Query:
        rows, key = candidates.collect(factors).detach(), fresh_key(generator)
        positions = torch.nonzero(rows.isfinite().all(dim=1)).flatten()
        positions = positions[candidates.indices[positions].argsort()]
        classes = int(rows[positions[:1], 0].sum())
        errors, features = rows[positions, 1:].split([classes, rows.shape[1] - 1 - classes], dim=1)
        return Query(positions[spread(errors, features, candidates.indices[positions], size, key)])


def factors(look: Look) -> Tensor:
    """The number of classes, then both factors of the gradient: [B, 1 + C + D]."""
    classes = torch.full_like(look.features[:, :1], look.logits.shape[1])
    return torch.cat([classes, error(look), look.features], dim=1)


def error(look: Look) -> Tensor:
    """`p - onehot(argmax p)`, [B, C]."""
    probs = probabilities(look)
    return probs - one_hot(probs.argmax(dim=1), probs.shape[1])


def spread(errors: Tensor, features: Tensor, indices: Tensor, size: int, key: int) -> Tensor:
    """`size` distinct rows [Q] of the gradients given by errors [N, C] and features [N, D], int64.

    The longest comes first, each next one with a probability proportional to its squared distance
    from the nearest one before it; once all distances are 0, any. `indices` [N] and `key` alone
    decide what is drawn.
    """
    lengths = _squares(errors) * _squares(features)
    least = ROUNDING * float(lengths.max()) if len(lengths) else 0.0
    nearest = torch.full_like(lengths, torch.inf)
    free = torch.ones(len(lengths), dtype=torch.bool)
    chosen: list[int] = []
    while len(chosen) < min(size, len(lengths)):
        weights = nearest.log() + gumbel(indices, key + len(chosen)) if chosen else lengths
        if chosen and not nearest.any():
            weights = gumbel(indices, key)
        row = first_highest(weights.masked_fill(~free, -torch.inf), 0 if chosen else least)
        chosen.append(row)
        free[row] = False
        products = times(errors, errors[row].double()) * times(features, features[row].double())
        nearest = nearest.minimum(lengths + lengths[row] - 2 * products)
        nearest.masked_fill_(~free | (nearest < least), 0)  # a copy is at 0 but for rounding
    return torch.tensor(chosen, dtype=torch.int64)


def _squares(rows: Tensor) -> Tensor:
    """Squared lengths, float64 [N]."""
    parts = [part.double().square().sum(dim=1) for part in rows.split(AT_ONCE)]
    return torch.cat(parts)
