"""What more labels would bring, and when to stop, as each run could tell without a test set."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from askwell import stopping
from askwell.report.groups.group import Group
from askwell.report.page.blocks import Section, Table
from askwell.report.page.wording import MISSING, spread
from askwell.stopping import AHEAD, ahead, first_stop


def section(group: Group) -> Section:
    tables = tuple(forecasts(group))
    text = (
        "What the next queries would bring if each were as large as the last one, by a power law "
        "through the last rounds of each run."
        if tables
        else "The runs have too few rounds for a forecast of more labels."
    )
    return Section("More labels", (text,), tables)


def forecasts(group: Group) -> Iterator[Table]:
    """The forecast of each strategy; no table where no run has rounds enough."""
    told = {name: list(told_of(group, name)) for name in group.strategies}
    if not any(told.values()):
        return
    advised = ("could have stopped at",) if stopping.ADVISED else ()
    yield Table(
        ("accuracy", "now", *(f"{queries} more" for queries in AHEAD), *advised),
        tuple(row(group, name, told[name]) for name in group.strategies),
        "Mean over seeds, and of the ends of the 95 % intervals, in percent."
        + (f" The labels at which the rule of {stopping.ADVISED} ends a run." if advised else ""),
    )


def told_of(group: Group, strategy: str) -> Iterator[np.ndarray]:
    """Of each run with rounds enough: accuracy, low and high of each forecast, [AHEAD, 3]."""
    for _, curve in group.curves[group.curves["strategy"] == strategy].groupby("run"):
        if told := ahead(curve["labels"].tolist(), curve["accuracy"].tolist()):
            yield np.array([one[1:] for one in told])


def row(group: Group, strategy: str, told: list[np.ndarray]) -> tuple[str, ...]:
    means = 100 * np.mean(told, axis=0) if told else []
    cells = [f"{middle:.1f} ({low:.1f} to {high:.1f})" for middle, low, high in means]
    stops = (stopped(group, strategy),) if stopping.ADVISED else ()
    now = f"{100 * group.of(strategy)['final_accuracy'].mean():.1f}"
    return (strategy, now, *(cells or [MISSING] * len(AHEAD)), *stops)


def stopped(group: Group, strategy: str) -> str:
    """The labels at which the advised rule ends a strategy's runs."""
    curves = group.curves[group.curves["strategy"] == strategy]
    labels = [
        first_stop(*(known(curve[name]) for name in ("labels", "uncertainty", "kappa")))
        for _, curve in curves.groupby("run")
    ]
    ended = pd.Series([number for number in labels if number is not None], dtype=float)
    all_of_them = "" if len(ended) == len(labels) else f" ({len(ended)} of {len(labels)})"
    return spread(ended) + (all_of_them if len(ended) else "")


def known(column: pd.Series) -> list[float | None]:
    return [None if pd.isna(value) else float(value) for value in column]
