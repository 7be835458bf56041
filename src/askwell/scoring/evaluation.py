"""The network measured on the fixed evaluation set."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torchmetrics import MeanMetric, Metric
from torchmetrics.classification import MulticlassConfusionMatrix

MOST_CONFUSED = 4_000
"""The most classes whose confusion is counted.

The matrix takes 128 MB for that many, and there are several copies of it.
"""


@dataclass(frozen=True)
class Evaluation:
    """The network on the evaluation set. C classes; row = true class, column = predicted class.

    With very many classes there is no confusion matrix, only the number of images of each class and
    how many were recognised.
    """

    accuracy: float
    loss: float
    confusion: np.ndarray | None = None  # int64 [C, C]
    # int64 [2, C], recognised images and all images of each class
    recognised: np.ndarray | None = None

    @property
    def class_accuracy(self) -> np.ndarray:
        """The share of each class that is recognised, [C]; nan for a class without images."""
        hits, counts = self._hits_and_counts
        return np.divide(hits, counts, out=np.full(len(counts), np.nan), where=counts > 0)

    @property
    def _hits_and_counts(self) -> np.ndarray:
        if self.confusion is not None:
            return np.stack([self.confusion.diagonal(), self.confusion.sum(axis=1)])
        if self.recognised is None:
            raise ValueError(
                "an evaluation needs its confusion, or what was recognised of each class"
            )
        return self.recognised


class Recognised(Metric):
    """How many images of each class were recognised, and how many there are, int64 [2, C]."""

    counts: Tensor

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.add_state(
            "counts", torch.zeros(2, num_classes, dtype=torch.int64), dist_reduce_fx="sum"
        )

    def update(self, logits: Tensor, truth: Tensor) -> None:
        """Adds images with these logits [B, C] and true classes [B]."""
        classes = self.counts.shape[1]
        hits = truth[logits.argmax(dim=1) == truth]
        self.counts += torch.stack(
            [hits.bincount(minlength=classes), truth.bincount(minlength=classes)]
        )

    def compute(self) -> Tensor:
        return self.counts


def evaluate(
    batches: Iterable[tuple[Tensor, Tensor]], labels: Tensor, num_classes: int, device: torch.device
) -> Evaluation:
    """Measures (positions [B], logits [B, C] on `device`) against the true `labels` [N].

    All processes get the same answer, even one that has no batch. Above `MOST_CONFUSED` classes
    confusion is left out, which would take C * C numbers.
    """
    confused = num_classes <= MOST_CONFUSED
    metric = (
        MulticlassConfusionMatrix(num_classes, validate_args=False)
        if confused
        else Recognised(num_classes)
    )
    metric, loss = metric.to(device), MeanMetric(nan_strategy="disable").to(device)
    for positions, logits in batches:
        truth = labels[positions].to(device)
        metric.update(logits, truth)
        loss.update(cross_entropy(logits, truth, reduction="none"))
    counts = metric.compute().cpu()
    hits, total = (counts.diagonal().sum(), counts.sum()) if confused else counts.sum(dim=1)
    accuracy = hits.item() / total.item()
    if confused:
        return Evaluation(accuracy, float(loss.compute()), confusion=counts.numpy())
    return Evaluation(accuracy, float(loss.compute()), recognised=counts.numpy())
