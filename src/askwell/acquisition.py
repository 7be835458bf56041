"""Acquisition functions: class probabilities in, one score per image out.

The image with the highest score is queried first.

Legend of axes: N images, C classes. Probabilities are float32 [N, C], rows sum to one; p1 is the
most likely class, p2 the second, pC the least likely. Settles (2009), "Active Learning Literature
Survey", section 3.1, compares the first three; largest margin is from arXiv 2505.06825.
"""

from collections.abc import Callable

import torch
from torch import Tensor

AcquisitionFunction = Callable[[Tensor], Tensor]


def least_confidence(probs: Tensor) -> Tensor:
    """`1 - p1` [N], from 0 (certain) to 1 - 1/C.

    >>> least_confidence(torch.tensor([[0.75, 0.25, 0.0], [0.5, 0.25, 0.25]]))
    tensor([0.2500, 0.5000])
    """
    return 1 - probs.amax(dim=1)


def entropy(probs: Tensor) -> Tensor:
    """`-Σ p ln p` [N] in nats, from 0 (certain) to ln C, with 0 ln 0 = 0 (Shannon, 1948).

    >>> entropy(torch.tensor([[0.5, 0.5], [1.0, 0.0]]))
    tensor([0.6931, 0.0000])
    """
    return torch.special.entr(probs).sum(dim=1)


def smallest_margin(probs: Tensor) -> Tensor:
    """`-(p1 - p2)` [N], from -1 (certain) to 0: highest where the two best classes are closest.

    Scheffer et al. (2001).

    >>> smallest_margin(torch.tensor([[0.75, 0.25, 0.0], [0.5, 0.25, 0.25]]))
    tensor([-0.5000, -0.2500])
    """
    first, second = probs.topk(2, dim=1).values.unbind(dim=1)
    return second - first


def largest_margin(probs: Tensor) -> Tensor:
    """`-(p1 - pC)` [N], from -1 (certain) to 0: highest where best and worst class are closest.

    >>> largest_margin(torch.tensor([[0.75, 0.25, 0.0], [0.5, 0.25, 0.25]]))
    tensor([-0.7500, -0.2500])
    """
    return probs.amin(dim=1) - probs.amax(dim=1)


def certainty(probs: Tensor) -> Tensor:
    """`p1 - p2` [N], from 0 to 1 (certain): the reverse of smallest margin, a control.

    It should lose against every other strategy.

    >>> certainty(torch.tensor([[0.75, 0.25, 0.0], [0.5, 0.25, 0.25]]))
    tensor([0.5000, 0.2500])
    """
    return -smallest_margin(probs)
