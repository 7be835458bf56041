"""Which definition of the labels to a target is not moved by noise? Runs of one mean curve, with
rounds more noisy.
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import isotonic_regression

from askwell.learning_curve import labels_to_targets
from bench.publishing import Row, publish
from bench.statistics import Truth, draw
from bench.timing import options, parsed

TARGET = 0.85
NOISES = (1.0, 1.5, 2.0, 3.0, 5.0)
ROUNDS = 60
"""So many that every run reaches the target, by every definition."""

Definition = Callable[[np.ndarray, np.ndarray], float]
"""Labels [R] and accuracies [R] to the labels at which the target is reached; nan where it is not.
"""


def first_round(labels: np.ndarray, accuracy: np.ndarray) -> float:
    """The first round at or above the target."""
    above = np.flatnonzero(accuracy >= TARGET)
    return float(labels[above[0]]) if len(above) else np.nan


def stays(labels: np.ndarray, accuracy: np.ndarray) -> float:
    """The first round from which the curve stays at or above the target."""
    below = np.flatnonzero(accuracy < TARGET)
    settled = below[-1] + 1 if len(below) else 0
    return float(labels[settled]) if settled < len(labels) else np.nan


def midpoint(labels: np.ndarray, accuracy: np.ndarray) -> float:
    """The middle of the two."""
    return (first_round(labels, accuracy) + stays(labels, accuracy)) / 2


def between_rounds(labels: np.ndarray, accuracy: np.ndarray) -> float:
    """The isotonic fit, interpolated between the two rounds around the crossing."""
    fit = isotonic_regression(accuracy).x
    at = int(np.searchsorted(fit, TARGET))
    if at in (0, len(fit)):
        return float(labels[0]) if at == 0 else np.nan
    return float(np.interp(TARGET, fit[at - 1 : at + 1], labels[at - 1 : at + 1]))


def between_middles(labels: np.ndarray, accuracy: np.ndarray) -> float:
    """The isotonic fit, interpolated between the middles of its steps: the one that is used."""
    return float(labels_to_targets(labels.tolist(), accuracy.tolist(), (TARGET,))[0])


DEFINITIONS: dict[str, Definition] = {
    "first round": first_round,
    "stays": stays,
    "midpoint": midpoint,
    "isotonic, between rounds": between_rounds,
    "isotonic, between middles": between_middles,
}


def main() -> None:
    """What noise appears to save, in percent of the labels, and the spread of the labels over
    runs.
    """
    chosen = parsed(options("Labels to a target under noise.", sweeps=2000), sweeps=20)
    prices = {noise: labels_of(noise, chosen.sweeps) for noise in NOISES}
    publish(
        "crossings",
        "Labels saved by noise alone, %",
        [row(name, prices) for name in DEFINITIONS],
        chosen,
    )


def labels_of(noise: float, sweeps: int) -> dict[str, np.ndarray]:
    """Labels to the target by each definition, of five runs per sweep; nan where it is not
    reached.
    """
    truth, generator = Truth("", 5, noise=noise, rounds=ROUNDS), np.random.default_rng(0)
    drawn = [draw(truth, generator) for _ in range(sweeps)]
    runs = [(sweep.labels, accuracy) for sweep in drawn for accuracy in sweep.accuracy[1]]
    return {name: np.array([define(*run) for run in runs]) for name, define in DEFINITIONS.items()}


def row(name: str, prices: dict[float, dict[str, np.ndarray]]) -> Row:
    """What each noise saves against the least, and the standard deviation of the logarithm of the
    labels.
    """
    usual = np.nanmean(prices[NOISES[0]][name])
    saved = {
        f"{noise:g} x": round(100 * float(1 - np.nanmean(prices[noise][name]) / usual), 1)
        for noise in NOISES[1:]
    }
    spread = {
        f"_spread {noise:g} x": round(float(np.nanstd(np.log(prices[noise][name]))), 3)
        for noise in NOISES
    }
    lost = {
        f"_not reached {noise:g} x": float(np.isnan(prices[noise][name]).mean()) for noise in NOISES
    }
    return {"definition": name, **saved, "spread": spread["_spread 1 x"], **spread, **lost}


if __name__ == "__main__":
    main()
