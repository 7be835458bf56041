"""The difference of each strategy to random."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from askwell.report.findings.comparison import ENOUGH_SEEDS, Pairs, pairs
from askwell.report.groups.group import BASELINE, Group
from askwell.report.page.blocks import Picture, Section
from askwell.report.page.drawing import legend_above, vertical_title
from askwell.report.page.lines import band, draw_line, drawn_below_legend, interrupted
from askwell.report.page.palette import Look, looks
from askwell.report.statistics.bootstrap import mean_interval


def section(group: Group) -> Section:
    title = "Difference to random"
    if BASELINE not in group.strategies or not group.contenders:
        return Section(title, ("This needs runs of random and of another strategy.",))
    text = (
        "The difference between each run and random's run of the same seed, mean and 95 % "
        f"bootstrap interval. Fewer than {ENOUGH_SEEDS} paired seeds have no interval, and a "
        "strategy without pairs has no line."
    )
    return Section(title, (text,), pictures=tuple(differences(group)))


def differences(group: Group) -> list[Picture]:
    """Accuracy above random by labels, paired by seed, with a 95 % interval where the seeds carry
    one.
    """
    pictures: list[Picture] = []
    caption = f"Accuracy above random on {group.title}: mean over paired seeds and 95 % interval"
    with drawn_below_legend(
        pictures, f"{group.slug}-differences", caption, group.contenders
    ) as axes:
        for strategy, style in looks(group.appearances).items():
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
    """Accuracies with one row per seed and one column per number of labels that all runs have."""
    curves = group.curves[
        group.curves["run"].isin(group.runs.index[group.runs["strategy"].isin(runs["strategy"])])
    ]
    curves = curves[curves["seed"].isin(runs.index)]
    return curves.pivot(index="seed", columns="labels", values="accuracy").dropna(axis=1)
