"""Which runs may be compared: those of one data set under the same settings."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pandas as pd

from askwell.report.groups.group import Group
from askwell.report.groups.naming import named
from askwell.report.groups.shared_settings import as_text, natural, shortened, telling
from askwell.report.reading.records import Records

UNKNOWN = "unknown"  # to a run that failed before it knew
# Runs that differ in one of these, or in another setting of their config, are never averaged. These
# name a difference.
SETTINGS = ("classes", "protocol", "model", "oracle", "query_size", "initial_size", "rescore_every")


def group_runs(records: Records) -> tuple[Group, ...]:
    """The groups with at least one measured round, by data set, then by settings."""
    return tuple(group for group in sorted_groups(records) if group.everything.runs["rounds"].any())


def sorted_groups(records: Records) -> Iterator[Group]:
    """The groups of each data set: one for each combination of settings."""
    runs = records.runs[identified(records.runs)]
    for dataset, of_dataset in runs.groupby("dataset"):
        settings = known_settings(of_dataset)
        settings = settings[telling(settings)].fillna(UNKNOWN)
        shown = shortened(settings)
        keys = pd.Series([tuple(row) for row in settings.to_numpy()], settings.index)
        for key in sorted(keys.unique(), key=lambda values: [natural(value) for value in values]):
            runs = of_dataset[keys == key]
            yield Group(
                str(dataset),
                shown[runs.index[0]],
                records.of(named(runs)),
            )


def identified(runs: pd.DataFrame) -> pd.Series:
    """Whether the data set, strategy and seed of each run are known: a failed one may lack them."""
    return runs[["dataset", "strategy", "seed"]].notna().all(axis=1)


def known_settings(runs: pd.DataFrame) -> pd.DataFrame:
    """The settings as text; missing where a run failed before it knew them, which makes no
    difference.
    """
    others = as_text(runs["settings"])
    settings = runs[list(SETTINGS)].join(others.drop(columns=list(SETTINGS), errors="ignore"))
    return settings.astype(str).where(settings.notna())


def with_names(records: Records, groups: Iterable[Group]) -> Records:
    """The records with each run's strategy called as its group calls it."""
    runs = records.runs.copy()
    for group in groups:
        runs.loc[group.everything.runs.index, "strategy"] = group.everything.runs["strategy"]
    return replace(records, runs=runs)
