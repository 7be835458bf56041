"""What the next labels would bring: a power law through the learning curve so far."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import stdtr

EXPONENTS = np.linspace(-0.95, 1.0, 20)
"""The exponents c that are tried: from a nearly straight line to a curve that soon levels off."""

ROUNDS = 6
"""The last rounds, to which the power law is fitted: no single one holds from the first label on,
as curves begin slowly. With all rounds the errors are twice as large.
"""

LEAST = 5
"""Rounds that a forecast needs: three numbers are fitted."""

LEVEL = 0.95
"""The probability with which the accuracy is to be in the interval."""


class Forecast(NamedTuple):
    """The accuracy that a run would have with so many `labels`, and its 95 % interval."""

    labels: int
    accuracy: float
    low: float
    high: float


def forecast(labels: Sequence[int], accuracy: Sequence[float], wanted: int) -> Forecast | None:
    """The measured accuracy to expect with `wanted` labels, more than the curve [R] has.

    The curve is `a - b n^-c` of the labels n, with a normal error of each round. For each c on a
    grid a and b are a linear least-squares fit, whose prediction is a t distribution with R - 2
    degrees of freedom; c is weighted by its marginal likelihood. The prior is flat in c and in the
    heights of the curve at its two ends. The interval holds the noise of the round to come, that of
    a small evaluation sample included, and what is not known of a, b and c.

    None where the curve has fewer than LEAST rounds.

    >>> bought = [10, 20, 40, 80, 160, 320]
    >>> told = forecast(bought, [0.9 - 0.8 * n ** -0.5 for n in bought], 640)
    >>> round(told.accuracy, 2)
    0.87
    """
    n, y = (np.asarray(values[-ROUNDS:], float) for values in (labels, accuracy))
    if len(n) < LEAST:
        return None
    weights, centres, scales = _fits(n, y, wanted)
    shares = np.exp(weights - weights.max())
    mixture = (shares / shares.sum(), centres, scales, len(n) - 2)
    tail = (1 - LEVEL) / 2
    low, middle, high = (_quantile(share, *mixture) for share in (tail, 0.5, 1 - tail))
    return Forecast(wanted, middle, low, high)


def _fits(n: np.ndarray, y: np.ndarray, wanted: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each of the M exponents [M] the logarithm of its marginal likelihood up to a constant, and
    the centre and scale of what it predicts.
    """
    # In the basis of the curve's heights at both ends, of which every height is a weighted mean.
    powers = (np.append(n, wanted) / n[-1]) ** -EXPONENTS[:, None]  # [M, R + 1]
    first, last = powers[:, :1], powers[:, -2, None]
    share = (powers - last) / (first - last)
    weighted = np.stack([share, 1 - share], axis=2)
    design, at = weighted[:, :-1], weighted[:, -1]  # [M, R, 2], [M, 2]
    covariance = np.linalg.inv(design.transpose(0, 2, 1) @ design)
    heights = np.einsum("mij,mrj,r->mi", covariance, design, y)
    left = y - np.einsum("mrj,mj->mr", design, heights)
    squares, freedom = np.maximum(np.square(left).sum(axis=1), 1e-9), len(n) - 2
    weight = np.linalg.slogdet(covariance)[1] / 2 - freedom / 2 * np.log(squares)
    spread = squares / freedom * (1 + np.einsum("mi,mij,mj->m", at, covariance, at))
    return weight, np.einsum("mi,mi->m", at, heights), np.sqrt(spread)


def _quantile(
    share: float, weights: np.ndarray, centres: np.ndarray, scales: np.ndarray, freedom: int
) -> float:
    """A quantile of a mixture of t distributions, kept within [0, 1]."""

    def excess(value: float) -> float:
        return float(weights @ stdtr(freedom, (value - centres) / scales)) - share

    if excess(0) >= 0:
        return 0.0
    return 1.0 if excess(1) <= 0 else float(brentq(excess, 0, 1, xtol=1e-5))
