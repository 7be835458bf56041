"""Labels that the network doubts, by confident learning.

Legend of axes: L labelled images, C classes, S suspects.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Doubts(NamedTuple):
    """The labels that are probably wrong, the most doubtful first."""

    places: Tensor  # int64 [S], among the L images
    believed: Tensor  # int64 [S], the class that each is taken for
    margins: Tensor  # float64 [S], below 0: by how much the label is less likely than that class


def doubts(probs: Tensor, labels: Tensor) -> Doubts:
    """The suspects among labels [L], by out-of-sample probabilities [L, C].

    An image counts as of a class if its probability reaches the mean of those that were given this
    label; of several such classes, as of the likeliest. A label is suspect if the image counts as
    of another class and is not likeliest of the given one: these are the entries off the diagonal
    of the confident joint (Northcutt et al., JAIR 2021, equation 1). Ranked by the margin between
    the label and the likeliest other class. A class with a single label cannot be judged.

    >>> probs = torch.tensor([[0.9, 0.1], [0.8, 0.2], [0.2, 0.8], [0.9, 0.1]])
    >>> doubts(probs, torch.tensor([0, 0, 1, 1])).places.tolist()
    [3]
    """
    probs = probs.double()
    given = torch.nn.functional.one_hot(labels, probs.shape[1]).bool()
    counts = given.sum(dim=0)  # [C]
    thresholds = (probs * given).sum(dim=0) / counts  # nan for a class without a label
    confident = torch.where(probs >= thresholds, probs, -1.0)  # [L, C]
    believed = confident.argmax(dim=1)
    margins = probs[given] - probs.masked_fill(given, 0.0).amax(dim=1)
    suspect = (confident.amax(dim=1) >= 0) & (believed != labels) & (margins < 0)
    places = torch.nonzero(suspect & (counts[labels] > 1)).flatten()
    places = places[margins[places].argsort(stable=True)]
    return Doubts(places, believed[places], margins[places])
