"""A learning curve in numbers: accuracy measured at rising numbers of labels."""

from collections.abc import Sequence
from math import ceil

import numpy as np
from scipy.optimize import isotonic_regression

TARGETS = (0.90, 0.95, 0.97)
"""The accuracies whose price in labels runs are compared by."""


def target_name(target: float) -> str:
    """What the labels to a target are called wherever they are logged: labels_to_95 for 0.95."""
    return f"labels_to_{100 * target:g}"


DEFINITION = (
    "where the curve of a run, fitted so that it never falls (isotonic regression), crosses the target, "
    "interpolated between rounds"
)
"""What the labels to a target are, for whoever reads the number."""

CENSORED = "A run that `target_accuracy` ended is censored at its last labels: a lucky round may have ended it."

ROUNDING = 1e-9
"""How far below a target a mean of accuracies may lie that only rounding keeps from it."""


def labels_to_targets(
    labels: Sequence[int], accuracy: Sequence[float], targets: Sequence[float], stopped: bool = False
) -> np.ndarray:
    """Labels at which the isotonic fit of a curve [R] crosses each of `targets` [T]; nan where it does not.

    The first round at or above a target is the luckiest one. Simulated with equal mean curves and rounds 2, 3 and 5
    times as noisy (`python -m bench.statistics`), it makes the noisier strategy appear to save labels. So does the
    opposite, the first round from which a curve stays above: it makes it appear to waste them. The isotonic fit has
    next to no bias.

    `stopped` says that the run was ended by the accuracy of its last round. A lucky round may have ended it, so that
    round does not count: the run is censored there.
    """
    counted = len(labels) - stopped
    if counted < 1:
        return np.full(len(targets), np.nan)
    fit = isotonic_regression(np.asarray(accuracy[:counted], float)).x
    reached = np.searchsorted(fit, np.asarray(targets) - ROUNDING)
    return np.array([_crossing(labels, fit, at, target) for at, target in zip(reached, targets, strict=True)])


def _crossing(labels: Sequence[int], fit: np.ndarray, at: int, target: float) -> float:
    """The labels at which a rising `fit` [R], at or above `target` from round `at` on, crosses it."""
    if at == len(fit):
        return np.nan
    if at == 0:
        return float(labels[0])
    return float(np.interp(target, fit[at - 1 : at + 1], labels[at - 1 : at + 1]))


def labels_to_target(
    labels: Sequence[int], accuracy: Sequence[float], target: float, stopped: bool = False
) -> int | None:
    """The whole labels that suffice for one target, as `labels_to_targets` has them; None where it is not reached."""
    (crossed,) = labels_to_targets(labels, accuracy, (target,), stopped)
    return None if np.isnan(crossed) else ceil(crossed - ROUNDING)


def area_under_curve(labels: Sequence[int], accuracy: Sequence[float]) -> float:
    """The mean accuracy over the range of labels, by trapezoids, in [0, 1]; of a single round, its accuracy.

    Raises ValueError for a curve without rounds.
    """
    if not labels:
        raise ValueError("the area under a learning curve needs at least one round, found none")
    if labels[-1] == labels[0]:
        return accuracy[-1]
    return float(np.trapezoid(accuracy, labels)) / (labels[-1] - labels[0])
