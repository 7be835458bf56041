"""A learning curve in numbers: accuracy measured at rising numbers of labels."""

from collections.abc import Sequence
from math import ceil

import numpy as np
from scipy.optimize import isotonic_regression

TARGETS = (0.90, 0.95, 0.97)
"""The accuracies at which runs are compared by their labels."""


def target_name(target: float) -> str:
    """The name of the labels to a target in every log: labels_to_95 for 0.95."""
    return f"labels_to_{100 * target:g}"


DEFINITION = (
    "where the curve of a run, fitted so that it never falls (isotonic regression), crosses the "
    "target, interpolated between the middles of its steps"
)
"""The definition of the labels to a target, for readers of the number."""

CENSORED = (
    "A run that `target_accuracy` ended is censored at its last labels: a lucky round may "
    "have ended it."
)

ROUNDING = 1e-9
"""How far below a target a mean of accuracies may be through rounding alone."""


def labels_to_targets(
    labels: Sequence[int],
    accuracy: Sequence[float],
    targets: Sequence[float],
    stopped: bool = False,
) -> np.ndarray:
    """Labels at which the isotonic fit of a curve [R] crosses each of `targets` [T], or nan.

    The first round at or above a target is the luckiest one: with the same mean curve and rounds 2,
    3 and 5 times as noisy, it appears to save 20, 38 and 58 % of the labels. The first round from
    which a curve stays above appears to waste 23, 53 and 124 %. The isotonic fit, interpolated
    between the middles of its steps, linearly in the logarithm of the labels, is off by 0.2, 0.5
    and 3.9 % (`python -m bench.crossings`). Interpolated between rounds it is as unbiased, but
    varies more. The result stays between the last round before the first one at the target and the
    round from which the curve stays there, so it is not the middle of a plateau at the target.

    `stopped`: the accuracy of the last round ended the run. That may have been a lucky round, so it
    does not count: the run is censored there.
    """
    rounds, wanted = len(labels) - stopped, np.asarray(targets, float) - ROUNDING
    if rounds < 1:
        return np.full(len(targets), np.nan)
    bought, measured = np.asarray(labels[:rounds], float), np.asarray(accuracy[:rounds], float)
    fit = isotonic_regression(measured)
    starts = fit.blocks[:-1]
    middles = np.add.reduceat(np.log(bought), starts) / np.diff(fit.blocks)
    # Rounded to be exact where a round hits the target.
    crossed = np.exp(np.interp(targets, fit.x[starts], middles)).round(6)
    above = measured[:, None] >= wanted  # [R, T]
    first = above.argmax(axis=0)
    settled = np.where(above.all(axis=0), 0, rounds - (~above[::-1]).argmax(axis=0))
    earliest, latest = bought[np.maximum(first - 1, 0)], bought[np.minimum(settled, rounds - 1)]
    return np.where(fit.x[-1] >= wanted, np.clip(crossed, earliest, latest), np.nan)


def labels_to_target(
    labels: Sequence[int], accuracy: Sequence[float], target: float, stopped: bool = False
) -> int | None:
    """The number of labels that suffices for one target; None where it is not reached.

    Rounded up from `labels_to_targets`.
    """
    (crossed,) = labels_to_targets(labels, accuracy, (target,), stopped)
    return None if np.isnan(crossed) else ceil(crossed)


def area_under_curve(labels: Sequence[int], accuracy: Sequence[float]) -> float:
    """The mean accuracy over the range of labels, by trapezoids, in [0, 1].

    Of a single round it is the accuracy.

    Raises ValueError for a curve without rounds.
    """
    if not labels:
        raise ValueError("the area under a learning curve needs at least one round, found none")
    if labels[-1] == labels[0]:
        return accuracy[-1]
    return area_between(labels, accuracy, labels[0], labels[-1])


def area_between(
    labels: Sequence[float] | np.ndarray,
    accuracy: Sequence[float] | np.ndarray,
    low: float,
    high: float,
) -> float:
    """The mean height of a curve between two numbers of labels; nan unless `low` < `high`.

    The curve goes through ascending labels [R] and their accuracies [R].

    >>> area_between([10, 20], [0.5, 0.75], 10, 20)
    0.625
    """
    if low >= high:
        return float("nan")
    bought = np.asarray(labels, float)
    points = np.concatenate([[low], bought[(bought > low) & (bought < high)], [high]])
    return float(np.trapezoid(np.interp(points, bought, accuracy), points) / (high - low))
