"""What a run shows of itself without a test set, on a fixed random sample of the pool."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from askwell.acquisition import entropy
from askwell.pool import Pool
from askwell.randomness import key, uniform

SIZE = 1000
"""The most images of the sample. Bloodgood and Vijay-Shanker use 2,000."""


class Steadiness(NamedTuple):
    """How sure the network of a round is, and how far it agrees with that of the round before."""

    uncertainty: float | None  # mean entropy of images without a label, 1 where nothing is known
    agreement: float | None = None  # share of images whose prediction stayed; None at first
    kappa: float | None = None  # agreement beyond chance (Cohen, 1960), 1 for all


def stop_set(pool: Pool, seed: int) -> Tensor:
    """The sample: at most SIZE of all images that can be asked about, ascending, int64 [S].

    Images that come to the pool later change it as little as they can.
    """
    apart = {*pool.held, *pool.broken, *pool.given}
    places = torch.tensor([index for index in range(pool.size) if index not in apart]).long()
    return places[uniform(places, key("stop set", seed), 0).argsort()[:SIZE]].sort().values


def steadiness(logits: Tensor, unlabelled: Tensor, before: Sequence[int | None]) -> Steadiness:
    """The steadiness by logits [S, C] of the sample, of which `unlabelled` [S] have no answer.

    `before` are the predictions [S] of the last round, None where there was none.
    """
    classes = logits.shape[1]
    unsure = entropy(logits[unlabelled].softmax(dim=1)) / math.log(classes)
    uncertainty = unsure.double().mean().item() if len(unsure) else None
    known = [place for place, one in enumerate(before) if one is not None]
    if not known:
        return Steadiness(uncertainty)
    now = logits.argmax(dim=1)[known]
    then = torch.tensor([before[place] for place in known])
    agreement = (now == then).double().mean().item()
    return Steadiness(uncertainty, agreement, kappa(now, then, classes))


def kappa(first: Tensor, second: Tensor, num_classes: int) -> float:
    """Cohen's kappa of two predictions [S]: 1 - (1 - agreement) / (1 - agreement by chance).

    >>> kappa(torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 1, 1]), 2)
    0.5
    """
    shares = [torch.bincount(one, minlength=num_classes).double() for one in (first, second)]
    chance = ((shares[0] * shares[1]).sum() / len(first) ** 2).item()
    agreement = (first == second).double().mean().item()
    return 1.0 if agreement == 1 else 1 - (1 - agreement) / (1 - chance)
