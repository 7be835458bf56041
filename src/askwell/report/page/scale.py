"""The scale of accuracies: each halving of the error has the same length."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

ACCURACY_TICKS = (0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999)
LEAST_ERROR = 1e-4


def stretched(accuracy: Any) -> Any:
    """Accuracies on a scale on which each halving of the error has the same length."""
    return -np.log10(np.maximum(1 - np.asarray(accuracy, dtype=float), LEAST_ERROR))


def unstretched(place: Any) -> Any:
    """The accuracy at a place of the stretched scale."""
    return 1 - 10 ** -np.asarray(place, dtype=float)


def accuracy_axis(axes: Axes) -> None:
    """The vertical axis as accuracy in percent, stretched where the errors get few."""
    low, high = (max(edge, -0.05) for edge in axes.get_ylim())
    axes.set_yscale("function", functions=(stretched, unstretched))
    axes.set_ylim(low, min(high, 1 - LEAST_ERROR))
    ticks = spaced(
        [tick for tick in ACCURACY_TICKS if low <= tick <= high],
        least=0.05 * np.ptp(stretched([low, high])),
    )
    axes.set_yticks(ticks, [f"{100 * tick:g}" for tick in ticks])
    axes.minorticks_off()


def spaced(ticks: Sequence[float], least: float) -> list[float]:
    """The ticks, from the highest down, whose numbers do not touch: those `least` apart on the
    stretched scale.
    """
    chosen: list[float] = []
    for tick in reversed(ticks):
        if not chosen or stretched(chosen[-1]) - stretched(tick) >= least:
            chosen.append(tick)
    return chosen
