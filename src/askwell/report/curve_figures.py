"""Learning curves and their difference to random."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from askwell.report.comparing import Pairs, mean_interval, pairs
from askwell.report.drawing import (
    Look,
    accuracy_axis,
    drawn,
    legend_above,
    legend_height,
    legend_name,
    look,
    vertical_title,
)
from askwell.report.groups import BASELINE, Group
from askwell.report.layout import Picture

WIDTH, HEIGHT = 5.4, 3.36  # inches, without the legend
LEFT, RIGHT = 0.8, 0.25  # for numbers such as -0.125 and 100000
Values = pd.Series | np.ndarray


def learning_curves(group: Group) -> list[Picture]:
    """Mean accuracy by labels for each strategy, with a band of one standard deviation."""
    pictures: list[Picture] = []
    caption = f"Accuracy by labels on {group.title}: mean and standard deviation over seeds"
    with drawn_below_legend(pictures, f"{group.slug}-curves", caption, group.strategies) as axes:
        for strategy, style in look(group.strategies).items():
            curves = group.curves[group.curves["strategy"] == strategy]
            curve = interrupted(mean_curve(curves), curves)
            draw_line(axes, curve.index, curve["mean"], style, strategy)
            spread = curve["std"].fillna(0)
            band(axes, curve.index, curve["mean"] - spread, curve["mean"] + spread, style)
        finish_curves(axes, group)
    return pictures


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


def finish_curves(axes: Axes, group: Group) -> None:
    """Axes, target lines and legend of the learning curves."""
    accuracy = group.curves["accuracy"]
    axes.set_ylim(max(0, accuracy.min() - 0.02), min(1, 1 - (1 - accuracy.max()) / 1.5))
    for target in group.targets:
        if target < axes.get_ylim()[1]:
            axes.axhline(target, linestyle=":", linewidth=0.8, color="#8a8a8a")
    accuracy_axis(axes)
    axes.set(xlabel="labels")
    vertical_title(axes, "accuracy, %")
    legend_above(axes)


def mean_curve(curves: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation of the accuracy by labels, as far as all the runs go."""
    by_labels = curves.groupby("labels")["accuracy"].agg(["mean", "std", "count"])
    return by_labels[by_labels["count"] == curves["run"].nunique()]


def interrupted(values: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """The values by labels, with an empty row wherever a run of the curves lacks rounds: no line is
    drawn there.
    """
    gaps: list[float] = []
    for _, curve in curves.sort_values("round").groupby("run"):
        last, skipped = curve["labels"].shift(), curve["round"].diff() > 1
        gaps += ((last + curve["labels"]) / 2)[skipped].tolist()
    return values.reindex(values.index.union(pd.Index(gaps, dtype=float))) if gaps else values


def differences(group: Group) -> list[Picture]:
    """Accuracy above random by labels, paired by seed, with a 95 % interval where the seeds carry
    one.
    """
    pictures: list[Picture] = []
    caption = f"Accuracy above random on {group.title}: mean over paired seeds and 95 % interval"
    with drawn_below_legend(
        pictures, f"{group.slug}-differences", caption, group.contenders
    ) as axes:
        for strategy, style in look(group.strategies).items():
            if strategy != BASELINE:
                draw_difference(axes, group, pairs(group, strategy, BASELINE), style)
        axes.axhline(0, linewidth=1, color="#8a8a8a")
        axes.set(xlabel="labels")
        axes.ticklabel_format(axis="y", style="plain", useOffset=False)
        vertical_title(axes, "accuracy above random, points")
        legend_above(axes)
    return pictures


def draw_difference(axes: Axes, group: Group, paired: Pairs, style: Look) -> None:
    """A strategy's line and band; nothing without pairs."""
    curves, reference_curves = (
        accuracy_by_seed(group, runs) for runs in (paired.own, paired.reference)
    )
    labels = curves.columns.intersection(reference_curves.columns)
    if not len(paired) or labels.empty:
        return
    own, reference = 100 * curves[labels].to_numpy(), 100 * reference_curves[labels].to_numpy()
    low, high = mean_interval(own, reference) if paired.enough else (np.nan, np.nan)
    values = pd.DataFrame(
        {"mean": (own - reference).mean(axis=0), "low": low, "high": high}, labels
    )
    compared = group.curves[
        group.curves["run"].isin([*paired.own["run"], *paired.reference["run"]])
    ]
    values = interrupted(values, compared)
    draw_line(axes, values.index, values["mean"], style, paired.own["strategy"].iloc[0])
    if paired.enough:
        band(axes, values.index, values["low"], values["high"], style)


def accuracy_by_seed(group: Group, runs: pd.DataFrame) -> pd.DataFrame:
    """Accuracies, a row a seed and a column a number of labels, as far as all the runs go."""
    curves = group.curves[
        group.curves["run"].isin(group.runs.index[group.runs["strategy"].isin(runs["strategy"])])
    ]
    curves = curves[curves["seed"].isin(runs.index)]
    return curves.pivot(index="seed", columns="labels", values="accuracy").dropna(axis=1)


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
