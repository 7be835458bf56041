"""Classes over rounds, a small figure a strategy; and the classes of what was asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import FuncNorm
from matplotlib.ticker import MaxNLocator

from askwell.report.drawing import (
    drawn,
    legend_above,
    legend_height,
    legend_name,
    look,
    stretched,
    unstretched,
)
from askwell.report.groups import BASELINE, Group
from askwell.report.layout import Picture
from askwell.report.wording import full_name, short_name

WIDTH, WIDE = 4.1, 5.4
MOST_ROWS = 20
MOST_LETTERS = 18
TICKS = (0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99)
COLOURS = "cividis"
NORM = FuncNorm((stretched, unstretched), vmin=0, vmax=TICKS[-1], clip=True)


def class_maps(group: Group) -> list[Picture]:
    """For each strategy the mean accuracy of each class over rounds as a heat map; and the scale of
    their colours.
    """
    pictures: list[Picture] = []
    if group.classes.empty:
        return pictures
    for strategy in group.strategies:
        part = group.classes[group.classes["strategy"] == strategy]
        names = class_names(part)
        with rows_drawn(
            pictures, f"{group.slug}-{strategy}-classes", full_name(strategy), names
        ) as axes:
            draw_map(
                axes, part.groupby(["class", "round"])["accuracy"].mean().unstack().reindex(names)
            )
    return [*pictures, replace(colour_scale(), name=f"{group.slug}-class-scale")]


def draw_map(axes: Axes, accuracy: pd.DataFrame) -> None:
    """Classes × rounds, coloured on the stretched scale."""
    rounds = accuracy.columns.to_numpy(int)
    first, last = int(rounds.min()), int(rounds.max())
    accuracy = accuracy.reindex(columns=range(first, last + 1))  # a round that is missing is a gap
    edges = (first - 0.5, last + 0.5, len(accuracy) - 0.5, -0.5)
    axes.imshow(
        accuracy, norm=NORM, cmap=COLOURS, aspect="auto", interpolation="none", extent=edges
    )
    axes.set_xlabel("round")
    axes.grid(False)


@cache
def colour_scale() -> Picture:
    """The colours of the heat maps: one strip, drawn once for all groups."""
    pictures: list[Picture] = []
    with drawn(pictures, "class-scale", "accuracy, %", (WIDTH, 0.62), left=0.2, bottom=0.3) as axes:
        places = np.linspace(0, stretched(TICKS[-1]), 100)
        axes.imshow([places], cmap=COLOURS, aspect="auto", extent=(0, places[-1], 0, 1))
        axes.set(yticks=[])
        axes.set_xticks(stretched(TICKS), [f"{100 * tick:g}" for tick in TICKS])
        axes.grid(False)
    return pictures[0]


def class_shares(group: Group) -> list[Picture]:
    """The mean share of each class among the queried images: a mark a strategy; random's as
    strokes.
    """
    pictures: list[Picture] = []
    shares, names = 100 * query_shares(group.classes), class_names(group.classes)
    styles = {name: style for name, style in look(group.strategies).items() if name in shares.index}
    if not styles:
        return pictures
    caption = f"Share of each class among the queried images on {group.title}"
    with rows_drawn(
        pictures, f"{group.slug}-queries", caption, names, WIDE, legend_height(styles)
    ) as axes:
        for name, style in styles.items():
            mark = {"marker": "|", "markersize": 12} if name == BASELINE else {"markersize": 5}
            axes.plot(
                shares.loc[name, names],
                range(len(names)),
                linestyle="none",
                label=legend_name(name),
                **style | mark,
            )
        axes.set(xlim=(0, 1.05 * shares.to_numpy().max()), xlabel="share of the queried images, %")
        legend_above(axes)
    return pictures


@contextmanager
def rows_drawn(
    pictures: list[Picture],
    name: str,
    caption: str,
    classes: list[str],
    width: float = WIDTH,
    top: float = 0.12,
) -> Iterator[Axes]:
    """A figure with a row a class; of many classes only every few are named."""
    step = -(-len(classes) // MOST_ROWS)
    named = [short_name(each, MOST_LETTERS) for each in classes[::step]]
    size = (width, 0.5 + top + 0.2 * min(len(classes), MOST_ROWS))
    with drawn(pictures, name, caption, size, 0.2 + 0.085 * max(map(len, named)), top=top) as axes:
        yield axes
        axes.set_ylim(len(classes) - 0.5, -0.5)
        axes.set_yticks([])
        for row, words in zip(
            range(0, len(classes), step), named, strict=True
        ):  # a third of the time of tick labels
            axes.text(
                -0.02, row, words, transform=axes.get_yaxis_transform(), ha="right", va="center"
            )
        axes.xaxis.set_major_locator(MaxNLocator(4))


def query_shares(classes: pd.DataFrame) -> pd.DataFrame:
    """Mean over seeds of each class's share of the labels bought after the initial set: strategies
    × classes.

    A strategy that bought nothing, as a run of one round does, has no row.
    """
    bought = classes[classes["round"] > classes["round"].min()]
    counts = bought.groupby(["strategy", "seed", "class"])["queried"].sum()
    totals = counts.groupby(["strategy", "seed"]).transform("sum")
    return (counts / totals)[totals > 0].groupby(["strategy", "class"]).mean().unstack()


def class_names(classes: pd.DataFrame) -> list[str]:
    """The classes in the order of the files."""
    return list(dict.fromkeys(classes["class"]))
