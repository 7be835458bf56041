"""BADGE: images whose gradients are long and point in different directions."""

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from askwell.randomness import gumbel
from askwell.strategy import Candidates, Look, Query


class Badge:
    """Draws as k-means++ does among the gradients of the last layer (Ash et al., ICLR 2020).

    The gradient of the loss at the likeliest label is the outer product of `δ = p - onehot(argmax
    p)` [C] and the features x [D], so that `‖g - h‖² = ‖δ‖²‖x‖² + ‖ε‖²‖y‖² - 2 (δ·ε)(x·y)`: nothing
    as wide as C·D
    is ever formed.
    """

    title, colour, marker = "BADGE", "#cc79a7", "P"

    def __call__(self, candidates: Candidates, size: int, generator: torch.Generator) -> Query:
        width = candidates.embeddings(candidates.indices[:1]).shape[1]
        rows = candidates.collect(lambda look: torch.cat([look.features, error(look)], dim=1))
        positions = torch.nonzero(rows.isfinite().all(dim=1)).flatten()
        features, errors = rows[positions].split([width, rows.shape[1] - width], dim=1)
        key = int(torch.randint(2**62, (1,), generator=generator))
        return Query(positions[spread(errors, features, candidates.indices[positions], size, key)])


def error(look: Look) -> Tensor:
    """`p - onehot(argmax p)`, [B, C]."""
    probs = look.logits.softmax(dim=1)
    return probs - one_hot(probs.argmax(dim=1), probs.shape[1])


def spread(errors: Tensor, features: Tensor, indices: Tensor, size: int, key: int) -> Tensor:
    """`size` distinct rows [Q] of the gradients given by errors [N, C] and features [N, D], int64.

    The longest comes first, each next one with a probability proportional to its squared distance
    from the nearest one before it; once all distances are 0, any. `indices` [N] and `key` alone
    decide what is
    drawn.
    """
    lengths = errors.square().sum(dim=1) * features.square().sum(dim=1)
    nearest = torch.full_like(lengths, torch.inf)
    free = torch.ones(len(lengths), dtype=torch.bool)
    chosen: list[int] = []
    while len(chosen) < min(size, len(lengths)):
        weights = nearest.log() + gumbel(indices, key + len(chosen)) if chosen else lengths
        if chosen and not nearest.any():
            weights = gumbel(indices, key)
        row = int(weights.masked_fill(~free, -torch.inf).argmax())
        chosen.append(row)
        free[row] = False
        products = (errors @ errors[row]) * (features @ features[row])
        nearest = nearest.minimum((lengths + lengths[row] - 2 * products).clamp(min=0)).masked_fill(
            ~free, 0
        )
    return torch.tensor(chosen, dtype=torch.int64)
