"""Ranks of strategies over boards: means, intervals, and what must lie between two of them."""

from collections.abc import Mapping

import numpy as np
from scipy import stats

from askwell.report.page.blocks import Picture
from askwell.report.page.drawing import drawn
from askwell.report.statistics.significance import SIGNIFICANCE

RESAMPLES = 2000
LINE = 0.19  # inches between two strategies of the picture

Boards = Mapping[tuple[str, int], Mapping[str, Mapping[int, float]]]
"""Of each data set and budget, the area under the learning curve by strategy and seed."""


def mean_ranks(boards: Boards) -> dict[str, tuple[float, float, float]]:
    """The mean over boards of each strategy's rank by its mean area, 1 for the best, and the ends
    of its 95 % interval: a percentile bootstrap of the seeds of every board.
    """
    names = sorted(next(iter(boards.values())))
    areas = [np.array([list(of[name].values()) for name in names]) for of in boards.values()]
    own = np.mean([_ranks(values.mean(axis=1)) for values in areas], axis=0)
    random = np.random.default_rng(0)
    drawn_again = [_resampled(areas, random) for _ in range(RESAMPLES)]
    low, high = np.quantile(drawn_again, [SIGNIFICANCE / 2, 1 - SIGNIFICANCE / 2], axis=0)
    found = zip(names, own, low, high, strict=True)
    return {name: (float(mean), float(a), float(b)) for name, mean, a, b in found}


def _resampled(areas: list[np.ndarray], random: np.random.Generator) -> np.ndarray:
    ranks = []
    for values in areas:
        seeds = random.integers(values.shape[1], size=values.shape[1])
        ranks.append(_ranks(values[:, seeds].mean(axis=1)))
    return np.mean(ranks, axis=0)


def _ranks(areas: np.ndarray) -> np.ndarray:
    return stats.rankdata(-areas)


def critical_difference(strategies: int, boards: int) -> float:
    """How far two mean ranks must be apart by the test of Nemenyi, as J. Demšar gives it
    (Statistical comparisons of classifiers over multiple data sets, 2006, section 3.2.2).

    >>> round(critical_difference(5, 30), 2)
    1.11
    """
    quantile = stats.studentized_range.ppf(1 - SIGNIFICANCE, strategies, np.inf) / np.sqrt(2)
    return float(quantile * np.sqrt(strategies * (strategies + 1) / (6 * boards)))


def drawing(ranks: Mapping[str, tuple[float, float, float]], boards: int) -> str:
    """The mean ranks with their intervals, and the critical difference as a bar from the best, as
    SVG.
    """
    ordered = sorted(ranks, key=lambda name: ranks[name][0])
    best, difference = ranks[ordered[0]][0], critical_difference(len(ranks), boards)
    pictures: list[Picture] = []
    size = (5.4, 0.75 + LINE * len(ordered))
    with drawn(pictures, "ranks", "", size, left=1.2) as axes:
        for place, name in enumerate(ordered):
            mean, low, high = ranks[name]
            near = mean - best < difference
            colour = "#0072b2" if near else "#999999"
            axes.plot([low, high], [place, place], color=colour, linewidth=2)
            axes.plot(mean, place, "o", color=colour, markersize=5)
        axes.axvspan(best, best + difference, color="#0072b2", alpha=0.08, linewidth=0)
        axes.set_yticks(range(len(ordered)), ordered)
        axes.set_ylim(len(ordered) - 0.5, -0.5)
        axes.set_xlabel(f"mean rank over {boards} boards; shaded: not told apart from the best")
    return pictures[0].file
