"""The learning curves."""

import pandas as pd
from matplotlib.axes import Axes

from askwell.report.groups.group import Group
from askwell.report.page.blocks import Picture, Section
from askwell.report.page.drawing import legend_above, vertical_title
from askwell.report.page.lines import band, draw_line, drawn_below_legend, interrupted
from askwell.report.page.palette import looks
from askwell.report.page.scale import accuracy_axis


def section(group: Group) -> Section:
    text = (
        "Mean over seeds, with a band of one standard deviation, up to the last labels that all "
        "seeds have. On the vertical scale each halving of the error has the same length."
    )
    return Section("Learning curves", (text,), pictures=tuple(learning_curves(group)))


def learning_curves(group: Group) -> list[Picture]:
    """Mean accuracy by labels for each strategy, with a band of one standard deviation."""
    pictures: list[Picture] = []
    caption = f"Accuracy by labels on {group.title}: mean and standard deviation over seeds"
    with drawn_below_legend(pictures, f"{group.slug}-curves", caption, group.strategies) as axes:
        for strategy, style in looks(group.appearances).items():
            curves = group.curves[group.curves["strategy"] == strategy]
            curve = interrupted(mean_curve(curves), curves)
            draw_line(axes, curve.index, curve["mean"], style, strategy)
            spread = curve["std"].fillna(0)
            band(axes, curve.index, curve["mean"] - spread, curve["mean"] + spread, style)
        finish_curves(axes, group)
    return pictures


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
