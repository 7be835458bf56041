"""What the network makes of images in one pass.

Legend of axes: B images of a batch, K stochastic draws, C classes, D features.
"""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor


class Look(NamedTuple):
    """One forward pass over a batch. A strategy brings its own view of it."""

    logits: Tensor  # [B, C], or [B, K, C] where K stochastic draws were asked for
    features: Tensor  # [B, D], what the last linear layer is given


View = Callable[[Look], Tensor]
"""A look to one row per image, [B, ...]: a score, an embedding, a gradient."""


def probabilities(look: Look) -> Tensor:
    """Class probabilities, [B, C] or [B, K, C]."""
    return look.logits.softmax(dim=-1)


def features(look: Look) -> Tensor:
    """What the last linear layer is given, [B, D]."""
    return look.features
