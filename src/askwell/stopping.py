"""When to stop buying labels, without a test set, and what the next ones would bring.

Each rule takes what the rounds so far say: the mean entropy of the pool, from 0 to 1, and Cohen's
kappa of the predictions of two rounds, both on a fixed sample.
"""

from collections.abc import Callable, Sequence
from statistics import mean

from askwell.forecast import Forecast, forecast

Signs = Sequence[float | None]
"""A number for each round, None where it is not known."""

Rule = Callable[[Signs, Signs], bool]
"""Uncertainty and kappa of the rounds so far [R] to whether to stop after the last."""

AGREED, ROUNDS = 0.99, 3
"""Kappa, and the rounds over which it is averaged, as Bloodgood and Vijay-Shanker set them."""

CERTAIN = 0.05
"""The mean entropy below which nothing is left to learn, as a share of the highest possible."""


def stable(uncertainty: Signs, kappa: Signs) -> bool:
    """Whether predictions have stabilised: the mean kappa of three rounds is 0.99 or more
    (Bloodgood and Vijay-Shanker, 2009).

    >>> stable([], [None, 0.97, 0.99, 0.99]), stable([], [0.9, 0.99, 1.0, 0.99])
    (False, True)
    """
    last = [value for value in kappa[-ROUNDS:] if value is not None]
    return len(last) == ROUNDS and mean(last) >= AGREED


def certain(uncertainty: Signs, kappa: Signs) -> bool:
    """Whether the network is sure of the pool: overall uncertainty, the mean entropy of unlabelled
    images, is at most 5 % of the highest possible (Zhu, Wang and Hovy, 2008).
    """
    last = uncertainty[-1] if uncertainty else None
    return last is not None and last <= CERTAIN


def both(uncertainty: Signs, kappa: Signs) -> bool:
    """Whether predictions have stabilised and the network is sure of the pool."""
    return stable(uncertainty, kappa) and certain(uncertainty, kappa)


RULES: dict[str, Rule] = {
    "stable predictions": stable,
    "overall uncertainty": certain,
    "both": both,
}

ADVISED: str | None = None
"""The rule that advice follows, None for none: `python -m bench.stopping` judges them."""

ENOUGH = "more labels would change little: the network's predictions have settled"
"""The advice to stop, for the screen and the page."""

AHEAD = (1, 2)
"""The queries ahead, of the last one's size, whose forecast is shown."""


def ahead(labels: Sequence[int], accuracy: Sequence[float]) -> list[Forecast]:
    """What the next queries would bring if each bought as many labels as the last one; nothing
    before there are rounds enough.

    >>> ahead([10, 20], [0.5, 0.6])
    []
    """
    if len(labels) < 2:
        return []
    size = labels[-1] - labels[-2]
    told = [forecast(labels, accuracy, labels[-1] + queries * size) for queries in AHEAD]
    return [one for one in told if one is not None]


def stops(uncertainty: Signs, kappa: Signs) -> bool:
    """Whether the advised rule says to stop after the last round."""
    return ADVISED is not None and RULES[ADVISED](uncertainty, kappa)


def first_stop(labels: Sequence[float | None], uncertainty: Signs, kappa: Signs) -> int | None:
    """The labels of the first round after which the advised rule says to stop."""
    for rounds, bought in enumerate(labels, 1):
        if bought is not None and stops(uncertainty[:rounds], kappa[:rounds]):
            return int(bought)
    return None
