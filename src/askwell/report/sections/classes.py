"""The accuracy of each class over the rounds, and the classes that were lost."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import FuncNorm

from askwell.report.groups.group import Group, strategy_order
from askwell.report.groups.measures import in_last_round
from askwell.report.page.blocks import Picture, Section
from askwell.report.page.class_rows import WIDTH, class_names, rows_drawn
from askwell.report.page.drawing import drawn
from askwell.report.page.scale import stretched, unstretched
from askwell.report.page.wording import spans

MOST = 15
COLUMNS = ("strategy", "seed", "lost_classes", "round")


TICKS = (0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99)
COLOURS = "cividis"
NORM = FuncNorm((stretched, unstretched), vmin=0, vmax=TICKS[-1], clip=True)


def section(group: Group) -> Section:
    text = "Accuracy of each class, in percent, mean over seeds."
    return Section(
        "Classes",
        (text,),
        pictures=tuple(class_maps(group)),
        points=(*lost_classes(group), *unrecognised_classes(group)),
    )


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
            pictures, f"{group.slug}-{strategy}-classes", group.titles[strategy], names
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


def lost_classes(group: Group) -> Iterator[str]:
    """A sentence for each run and class: `smallest margin lost class 9 in round 12 of seed 1.`"""
    losses = found_losses(group)
    if not losses:
        yield "No class was lost: none fell to 0 % after it had been learned."
    for (strategy, seed, name), rounds in list(losses.items())[:MOST]:
        word = "round" if len(rounds) == 1 else "rounds"
        where = f"{word} {spans(rounds)} of seed {seed}"
        yield f"{group.titles[strategy]} lost class {name} in {where}."
    if len(losses) > MOST:
        yield f"{len(losses) - MOST} more are in curves.csv."


def unrecognised_classes(group: Group) -> Iterator[str]:
    """A sentence for each run and class: `certain has class 9 at 0 % in the last round of seed 7: 0
    of 544 …`
    """
    final = in_last_round(group.curves, group.classes)
    queried = group.classes.groupby(["run", "class"])["queried"].sum().to_dict()
    labels = group.runs["final_labels"].to_dict()
    rows = final.loc[final["accuracy"] == 0, ["strategy", "seed", "class", "run"]].itertuples(
        index=False
    )
    ends = sorted(rows, key=lambda row: (strategy_order(row[0]), row[1]))
    for strategy, seed, name, run in ends[:MOST]:
        share = f"{queried[run, name]} of {labels[run]:,} labels are of this class"
        yield (
            f"{group.titles[strategy]} has class {name} at 0 % in the last round of seed {seed}: "
            f"{share}."
        )
    if len(ends) > MOST:
        yield f"{len(ends) - MOST} more are in the rounds.jsonl of their runs."


def found_losses(group: Group) -> dict[tuple[str, int, str], list[int]]:
    """The rounds in which a strategy's run of a seed had lost a class, in the report's order."""
    rows = group.curves.sort_values("round")
    found: dict[tuple[str, int, str], list[int]] = {}
    for strategy, seed, lost, number in zip(*(rows[name] for name in COLUMNS), strict=True):
        for name in lost:
            found.setdefault((strategy, seed, name), []).append(number)
    return dict(sorted(found.items(), key=lambda item: (strategy_order(item[0][0]), item[0])))
