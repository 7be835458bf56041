"""A learning curve in numbers: accuracy measured at rising numbers of labels."""

from collections.abc import Sequence

import numpy as np

TARGETS = (0.90, 0.95, 0.97)
"""The accuracies whose price in labels runs are compared by."""


def target_name(target: float) -> str:
    """What the labels to a target are called wherever they are logged: labels_to_95 for 0.95."""
    return f"labels_to_{100 * target:g}"


def labels_to_target(labels: Sequence[int], accuracy: Sequence[float], target: float) -> int | None:
    """The labels of the first round whose accuracy is at least `target`; None when no round reached it."""
    return next((bought for bought, reached in zip(labels, accuracy, strict=True) if reached >= target), None)


def area_under_curve(labels: Sequence[int], accuracy: Sequence[float]) -> float:
    """The mean accuracy over the range of labels, by trapezoids, in [0, 1]; of a single round, its accuracy.

    Raises ValueError for a curve without rounds.
    """
    if not labels:
        raise ValueError("the area under a learning curve needs at least one round, found none")
    if labels[-1] == labels[0]:
        return accuracy[-1]
    return float(np.trapezoid(accuracy, labels)) / (labels[-1] - labels[0])
