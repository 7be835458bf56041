"""The network measured on the fixed evaluation set."""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torchmetrics import MeanMetric
from torchmetrics.classification import MulticlassConfusionMatrix

from askwell.rounds import Evaluation


def evaluate(
    batches: Iterable[tuple[Tensor, Tensor]], labels: Tensor, num_classes: int, device: torch.device
) -> Evaluation:
    """Measures (positions [B], logits [B, C] on `device`) against the true `labels` [N].

    All processes get the same answer, those that have no batch too.
    """
    confusion = MulticlassConfusionMatrix(num_classes, validate_args=False).to(device)
    loss = MeanMetric(nan_strategy="disable").to(device)
    for positions, logits in batches:
        truth = labels[positions].to(device)
        confusion.update(logits, truth)
        loss.update(cross_entropy(logits, truth, reduction="none"))
    counts = confusion.compute().cpu()
    accuracy = counts.diagonal().sum().item() / counts.sum().item()
    return Evaluation(accuracy, float(loss.compute()), counts.numpy())
