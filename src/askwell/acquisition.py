"""Acquisition functions: class probabilities in, one score per image out.

The image with the highest score is queried first.

Legend of axes: N images, C classes. Probabilities are float32 [N, C], rows sum to one; p1 is the
most likely class, p2 the second, pC the least likely. Settles (2009), "Active Learning Literature
Survey", section 3.1, compares the first three; largest margin is from arXiv 2505.06825.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

AcquisitionFunction = Callable[[Tensor], Tensor]


def shown(title: str, colour: str, marker: str) -> Callable[[AcquisitionFunction], Any]:
    """Says how the report shows uncertainty sampling by the function below; no result changes."""

    def mark(function: Any) -> Any:
        function.title, function.colour, function.marker = title, colour, marker
        return function

    return mark


@shown("least confidence", "#0072b2", "s")
def least_confidence(probs: Tensor) -> Tensor:
    """`1 - p1` [N], from 0 (certain) to 1 - 1/C.

    >>> least_confidence(torch.tensor([[0.75, 0.25, 0.0], [0.5, 0.25, 0.25]]))
    tensor([0.2500, 0.5000])
    """
    return 1 - probs.amax(dim=1)


@shown("entropy", "#e69f00", "D")
def entropy(probs: Tensor) -> Tensor:
    """`-Σ p ln p` [N] in nats, from 0 (certain) to ln C, with 0 ln 0 = 0 (Shannon, 1948).

    >>> entropy(torch.tensor([[0.5, 0.5], [1.0, 0.0]]))
    tensor([0.6931, 0.0000])
    """
    return torch.special.entr(probs).sum(dim=1)


@shown("smallest margin", "#009e73", "^")
def smallest_margin(probs: Tensor) -> Tensor:
    """`-(p1 - p2)` [N], from -1 (certain) to 0: highest where the two best classes are closest.

    Scheffer et al. (2001).

    >>> smallest_margin(torch.tensor([[0.75, 0.25, 0.0], [0.5, 0.25, 0.25]]))
    tensor([-0.5000, -0.2500])
    """
    first, second = probs.topk(2, dim=1).values.unbind(dim=1)
    return second - first


@shown("largest margin", "#d55e00", "v")
def largest_margin(probs: Tensor) -> Tensor:
    """`-(p1 - pC)` [N], from -1 (certain) to 0: highest where best and worst class are closest.

    >>> largest_margin(torch.tensor([[0.75, 0.25, 0.0], [0.5, 0.25, 0.25]]))
    tensor([-0.7500, -0.2500])
    """
    return probs.amin(dim=1) - probs.amax(dim=1)


@shown("most certain", "#555555", "1")
def certainty(probs: Tensor) -> Tensor:
    """`p1 - p2` [N], from 0 to 1 (certain): the reverse of smallest margin, a control.

    It should lose against every other strategy.

    >>> certainty(torch.tensor([[0.75, 0.25, 0.0], [0.5, 0.25, 0.25]]))
    tensor([0.5000, 0.2500])
    """
    return -smallest_margin(probs)
