"""The report's tables as files for other programs."""

import pandas as pd

from askwell.learning_curve import target_name
from askwell.report.groups.group import Group, all_targets
from askwell.report.groups.measures import LEVELS
from askwell.report.reading.records import Records

NESTED = ["settings", "strategy_settings", "initial_settings", "appearance"]
"""Columns of the records that hold more than a cell of a table shows."""


def run_table(records: Records, groups: tuple[Group, ...]) -> pd.DataFrame:
    """One row per run: its facts, and its measures if it was compared."""
    measured = pd.concat([group.runs for group in groups]) if groups else records.runs.iloc[:0]
    others = [*records.runs.columns, "title", "start"]
    measures = measured[measured.columns.difference(others, sort=False)]
    named = {target: target_name(target) for target in all_targets(groups)}
    measures = measures.drop(
        columns=[level for level in LEVELS if level not in named], errors="ignore"
    )
    compared = pd.Series(records.runs.index.isin(measured.index), index=records.runs.index)
    runs = records.runs.drop(columns=[*NESTED, "initial"]).assign(compared=compared)
    return runs.join(measures.rename(columns=named)).assign(initial=records.runs["initial"])


def round_table(records: Records) -> pd.DataFrame:
    """One row per run and round: what was measured, with columns for the accuracy and the queried
    labels of each class.
    """
    if records.curves.empty or records.classes.empty:
        return records.curves
    classes = records.classes.rename(columns={"accuracy": "class_accuracy"})
    wide = classes.pivot(
        index=["run", "round"], columns="class", values=["class_accuracy", "queried"]
    )
    wide.columns = wide.columns.map("_".join)
    what = records.runs[["dataset", "strategy", "seed"]]
    curves = records.curves.assign(lost_classes=records.curves["lost_classes"].map(", ".join))
    return curves.join(what, on="run").join(wide, on=["run", "round"])
