"""Figures of lines over labels: one line and one band for each strategy."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from askwell.report.page.blocks import Picture
from askwell.report.page.drawing import drawn, legend_height, legend_name
from askwell.report.page.palette import Look

WIDTH, HEIGHT = 5.4, 3.36  # inches, without the legend
LEFT, RIGHT = 0.8, 0.25  # for numbers such as -0.125 and 100000
Values = pd.Series | np.ndarray


@contextmanager
def drawn_below_legend(
    pictures: list[Picture], name: str, caption: str, strategies: Collection[str]
) -> Iterator[Axes]:
    """Axes of a fixed size, however many lines the legend above them has."""
    top = legend_height(strategies)
    with drawn(
        pictures, name, caption, (WIDTH, HEIGHT + top), left=LEFT, right=RIGHT, top=top
    ) as axes:
        yield axes


def draw_line(axes: Axes, labels: pd.Index, values: Values, style: Look, name: str) -> None:
    """A strategy's line, with about eight markers."""
    every = max(1, len(labels) // 8)
    axes.plot(
        labels,
        values,
        label=legend_name(name),
        linewidth=1.6,
        markersize=4,
        markevery=every,
        **style,
    )


def band(axes: Axes, labels: pd.Index, low: Values, high: Values, style: Look) -> None:
    axes.fill_between(labels, low, high, color=style["color"], alpha=0.12, linewidth=0)


def interrupted(values: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """The values by labels, with an empty row wherever a run of the curves lacks rounds: no line is
    drawn there.
    """
    gaps: list[float] = []
    for _, curve in curves.sort_values("round").groupby("run"):
        last, skipped = curve["labels"].shift(), curve["round"].diff() > 1
        gaps += ((last + curve["labels"]) / 2)[skipped].tolist()
    return values.reindex(values.index.union(pd.Index(gaps, dtype=float))) if gaps else values
