"""How sure a head may be: the temperature of its logits, by labels that it has not seen."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from askwell.loop.out_of_sample import folds_of, held_out_logits

FEWEST = 50
"""Labelled images below which the temperature is 1: a fit on a fifth of so few is noise."""
TEMPERATURES = 2 ** torch.arange(-3, 5.01, 1 / 8, dtype=torch.float64)


def temperature(
    features: Tensor, labels: Tensor, indices: Tensor, num_classes: int, seed: int
) -> float:
    """What the logits of a head on fixed features [L, D] are best divided by (Guo et al., ICML
    2017).

    A linear head is trained on four fifths of the labelled images, and the temperature is the one
    with the least cross entropy on the rest.
    """
    if len(labels) < FEWEST:
        return 1.0
    apart = folds_of(labels, indices, seed) == 0
    return best_temperature(held_out_logits(features, labels, apart, num_classes), labels[apart])


def best_temperature(logits: Tensor, labels: Tensor) -> float:
    """The temperature with the least cross entropy of logits [n, C] and labels [n]; ties to the
    lower.

    >>> right, sure = torch.tensor([0, 1, 0, 1]), torch.tensor([[9.0, 0.0], [0.0, 9.0]])
    >>> best_temperature(sure[[0, 1, 0, 0]], right)  # right in three of four: p = 3/4
    8.0
    """
    losses = [cross_entropy(logits / one, labels) for one in TEMPERATURES]
    return TEMPERATURES[int(torch.stack(losses).argmin())].item()
