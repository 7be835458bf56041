"""What a learning curve is worth: labels to a target, area, final accuracy, worst class."""

from collections.abc import Sequence

import pandas as pd

from askwell.learning_curve import TARGETS, area_between, labels_to_targets

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, *TARGETS, 0.98)
"""The accuracies that targets are chosen from."""


def labels_to(levels: Sequence[float], curves: pd.DataFrame, stopped: pd.Index) -> pd.DataFrame:
    """One row per run: labels to each level, nan where it is not reached. An accuracy ended the
    runs in `stopped`.
    """
    found = {
        run: labels_to_targets(
            curve["labels"].to_list(), curve["accuracy"].to_list(), levels, run in stopped
        )
        for run, curve in curves.dropna(subset=["labels", "accuracy"]).groupby("run")
    }
    return pd.DataFrame.from_dict(found, orient="index", columns=list(levels), dtype=float)


def query_sizes(curves: pd.DataFrame) -> pd.Series:
    """Labels between two rounds of each run, the median; of a single round, its labels."""
    labels = curves.groupby("run")["labels"]
    return labels.diff().groupby(curves["run"]).median().fillna(labels.max())


def shared_range(curves: pd.DataFrame) -> tuple[float, float]:
    """The labels between which every run was measured."""
    ends = curves.groupby("run")["labels"].agg(["min", "max"])
    return ends["min"].max(), ends["max"].min()


def areas(curves: pd.DataFrame) -> pd.Series:
    """Each run's area under the learning curve, over the labels that all runs share, divided by
    their range.
    """
    low, high = shared_range(curves)
    return pd.Series(
        {
            run: area_between(curve["labels"].to_numpy(), curve["accuracy"].to_numpy(), low, high)
            for run, curve in curves.groupby("run")
        },
        dtype=float,
    )


def in_last_round(curves: pd.DataFrame, classes: pd.DataFrame) -> pd.DataFrame:
    """The rows of `classes` of each run's last round, for the classes that were measured."""
    last = curves.groupby("run")["round"].max()
    return classes[classes["round"] == classes["run"].map(last)].dropna(subset="accuracy")


def worst_classes(curves: pd.DataFrame, classes: pd.DataFrame) -> pd.DataFrame:
    """The class that each run recognises least in its last round: `worst` and `worst_accuracy`."""
    final = in_last_round(curves, classes)
    worst = final.loc[final.groupby("run")["accuracy"].idxmin()].set_index("run")
    return worst[["class", "accuracy"]].rename(
        columns={"class": "worst", "accuracy": "worst_accuracy"}
    )


def measure(curves: pd.DataFrame, classes: pd.DataFrame, stopped: pd.Index) -> pd.DataFrame:
    """One row per run: labels to each level (column: the level), area, query, final labels and
    accuracy, worst class.
    """
    final = curves.groupby("run")[["labels", "accuracy"]].last().add_prefix("final_")
    measured = final.assign(area=areas(curves), grain=query_sizes(curves))
    return measured.join(labels_to(LEVELS, curves, stopped)).join(worst_classes(curves, classes))


def targets_within(reach: float) -> tuple[float, ...]:
    """90, 95 and 97 %; where `reach` is below all of them, the highest level within it and its two
    neighbours.
    """
    within = [level for level in LEVELS if level <= reach]
    if not within or within[-1] >= TARGETS[0]:
        return TARGETS
    middle = max(len(within) - 1, 1)
    return LEVELS[middle - 1 : middle + 2]
