"""Which labels to ask for again, by ActiveLab (Goh and Mueller, 2023).

Legend of axes: L labelled images, M answers to an image at most, C classes. The k-th answers of all
images count as those of one annotator.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

LEAST = 1e-6
"""The least weight, and the least error that a weight is relative to."""
NO_VOTE = -1


def consensus(votes: Sequence[int], probs: Sequence[float]) -> int:
    """The label that most of `votes` are for; of equals the one of the highest probability.

    >>> consensus([2, 0, 2], [1.0, 0.0, 0.0]), consensus([2, 0], [0.6, 0.1, 0.3])
    (2, 0)
    """
    return max(dict.fromkeys(votes), key=lambda label: (votes.count(label), probs[label]))


class Weights(NamedTuple):
    """How much the network and the k-th answers count, and how often answers agree."""

    model: float
    answers: Tensor  # float64 [M]
    agreement: float  # of answers with the consensus, where there are several


def weights_of(votes: Tensor, labels: Tensor, probs: Tensor) -> Weights:
    """The weights by CROWDLAB (Goh et al., 2022), from votes [L, M] (NO_VOTE where there is none),
    labels [L] and probabilities [L, C].

    A weight is how much rarer errors are than those of always answering the commonest class; errors
    of an annotator are disagreements with the others. Where no image has two votes all weigh 1.
    """
    given = votes != NO_VOTE
    counts = given.sum(dim=1)
    several = counts > 1
    if not several.any():
        return Weights(1.0, torch.ones(votes.shape[1], dtype=torch.float64), 1.0)
    agreed = ((votes == labels[:, None]) & given).sum(dim=1).double() / counts
    chance = (labels[several] != labels[several].mode().values).double().mean().clamp(min=LEAST)
    wrong = (probs[several].argmax(dim=1) != labels[several]).double().mean()
    model = (1 - wrong / chance).clamp(min=LEAST) * counts.double().mean().sqrt()
    answers = (1 - (1 - _agreement(votes[several])) / chance).clamp(min=LEAST)
    return Weights(model.item(), answers, agreed[several].mean().item())


def _agreement(votes: Tensor) -> Tensor:
    """The share of pairs of votes to one image, of which one is the k-th, that agree: [M]; their
    mean for a k without a pair.
    """
    given = votes != NO_VOTE
    pairs = given[:, :, None] & given[:, None, :]
    pairs &= ~torch.eye(votes.shape[1], dtype=torch.bool)
    alike = (pairs & (votes[:, :, None] == votes[:, None, :])).sum(dim=(0, 2)).double()
    agreement = alike / pairs.sum(dim=(0, 2))
    return agreement.nan_to_num(agreement.nanmean().item())


def scores(votes: Tensor, labels: Tensor, probs: Tensor) -> Tensor:
    """ActiveLab's score of each image, float64 [L] in [0, 1]: the lowest is asked again first.

    `(q (Σ w + m) + a / C) / (Σ w + m + a)` with the weights w of the image's answers, m of the
    network, their mean a over all k, and the quality q of the label: the mean, by the same weights,
    of its probability and of how well each answer supports it.
    """
    classes, given = probs.shape[1], votes != NO_VOTE
    weights = weights_of(votes, labels, probs)
    own = probs.gather(1, labels[:, None]).squeeze(1).double()  # [L]
    each = torch.where(given, weights.answers, 0.0)  # [L, M]
    total = each.sum(dim=1)
    quality = own
    if (given.sum(dim=1) > 1).any():
        agrees, against = weights.agreement, (1 - weights.agreement) / (classes - 1)
        support = against + (agrees - against) * (votes == labels[:, None]).double()
        quality = (weights.model * own + (each * support).sum(dim=1)) / (weights.model + total)
    usual = weights.answers.mean()
    whole = total + weights.model
    return (quality * whole + usual / classes) / (whole + usual)
