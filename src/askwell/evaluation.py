"""The network measured on the fixed evaluation set."""

from collections.abc import Iterable

from torch import Tensor
from torch.nn.functional import cross_entropy
from torchmetrics import MeanMetric
from torchmetrics.classification import MulticlassConfusionMatrix

from askwell.rounds import Evaluation


def evaluate(batches: Iterable[tuple[Tensor, Tensor]], labels: Tensor, num_classes: int) -> Evaluation:
    """Measures (positions [B], logits [B, C]) against the true `labels` [N]; all processes get the same answer."""
    confusion, loss = MulticlassConfusionMatrix(num_classes, validate_args=False), MeanMetric(nan_strategy="disable")
    for positions, logits in batches:
        truth = labels[positions].to(logits.device)
        confusion.to(logits.device).update(logits, truth)
        loss.to(logits.device).update(cross_entropy(logits, truth, reduction="none"))
    counts = confusion.compute().cpu()
    accuracy = counts.diagonal().sum().item() / counts.sum().item()
    return Evaluation(accuracy, float(loss.compute()), counts.numpy())
