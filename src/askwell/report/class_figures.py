"""Classes over rounds, and the classes of what was asked: a small figure a strategy."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import FuncNorm

from askwell.report.drawing import drawn, look, stretched
from askwell.report.groups import BASELINE, Group
from askwell.report.layout import INK, Picture
from askwell.report.wording import full_name

WIDTH = 4.1
MOST_CLASS_NAMES = 20
TICKS = (0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99)


def class_maps(group: Group) -> list[Picture]:
    """For each strategy the mean accuracy of each class over rounds as a heat map."""
    pictures: list[Picture] = []
    for strategy in group.strategies:
        part = group.classes[group.classes["strategy"] == strategy]
        names = class_names(part)
        with drawn(
            pictures, f"{group.slug}-{strategy}-classes", full_name(strategy), (WIDTH, height(len(names)))
        ) as axes:
            draw_map(axes, part.groupby(["class", "round"])["accuracy"].mean().unstack().reindex(names))
            name_classes(axes, names)
    return pictures


def draw_map(axes: Axes, accuracy: pd.DataFrame) -> None:
    """Classes × rounds, coloured on the stretched scale."""
    norm = FuncNorm((stretched, lambda place: 1 - 10 ** -np.asarray(place)), vmin=0, vmax=TICKS[-1], clip=True)
    rounds = accuracy.columns.to_numpy(float)
    edges = (rounds.min() - 0.5, rounds.max() + 0.5, len(accuracy) - 0.5, -0.5)
    image = axes.imshow(accuracy, norm=norm, cmap="cividis", aspect="auto", interpolation="none", extent=edges)
    bar = axes.figure.colorbar(image, ax=axes, ticks=TICKS, aspect=14)
    bar.ax.set_yticklabels([f"{100 * tick:g}" for tick in TICKS], fontsize=8)
    bar.outline.set_visible(False)
    axes.set_xlabel("round")
    axes.grid(False)


def class_shares(group: Group) -> list[Picture]:
    """For each strategy the mean share of each class among the queried images; random's as a line."""
    pictures: list[Picture] = []
    shares = query_shares(group.classes)
    most = float(shares.to_numpy().max())
    for strategy, style in look(group.strategies).items():
        names = class_names(group.classes[group.classes["strategy"] == strategy])
        with drawn(
            pictures, f"{group.slug}-{strategy}-queries", full_name(strategy), (WIDTH, height(len(names)))
        ) as axes:
            axes.barh(
                range(len(names)), 100 * shares.loc[strategy, names].to_numpy(float), color=style["color"], height=0.72
            )
            if BASELINE in shares.index and strategy != BASELINE:
                mark_baseline(axes, 100 * shares.loc[BASELINE, names].to_numpy(float))
            axes.set(xlim=(0, 105 * most), ylim=(len(names) - 0.5, -0.5), xlabel="share of the queried images, %")
            axes.grid(False, axis="y")
            name_classes(axes, names)
    return pictures


def mark_baseline(axes: Axes, shares: np.ndarray) -> None:
    """Random's share of each class as a stroke across its bar."""
    places = np.arange(len(shares))
    axes.vlines(shares, places - 0.42, places + 0.42, color=INK, linewidth=1.4)


def query_shares(classes: pd.DataFrame) -> pd.DataFrame:
    """Mean over seeds of each class's share of the labels bought after the initial set: strategies × classes."""
    bought = classes[classes["round"] > classes["round"].min()]
    counts = bought.groupby(["strategy", "seed", "class"])["queried"].sum()
    return (counts / counts.groupby(["strategy", "seed"]).sum()).groupby(["strategy", "class"]).mean().unstack()


def class_names(classes: pd.DataFrame) -> list[str]:
    """The classes in the order of the files."""
    return list(dict.fromkeys(classes["class"]))


def name_classes(axes: Axes, names: list[str]) -> None:
    """Class names beside the rows; of many classes only every few."""
    step = -(-len(names) // MOST_CLASS_NAMES)
    axes.set_yticks(range(0, len(names), step), names[::step])
    axes.tick_params(axis="y", length=0)


def height(classes: int) -> float:
    """Inches for so many rows."""
    return 0.9 + 0.19 * min(classes, MOST_CLASS_NAMES)
