"""What the strategies cost in time."""

import math

import pandas as pd

from askwell.report.groups.group import Group
from askwell.report.page.blocks import Section, Table
from askwell.report.page.wording import (
    MISSING,
)
from askwell.text import seconds

PHASES = {"train_seconds": "training", "score_seconds": "scoring", "eval_seconds": "evaluation"}


def section(group: Group) -> Section:
    return Section("Time", tables=(timing(group),))


def timing(group: Group) -> Table:
    """Mean time of each phase of a round, and of a whole run."""
    return Table(
        ("strategy", *PHASES.values(), "a round", "scoring's share", "a run"),
        tuple(timing_row(group, strategy) for strategy in group.strategies),
        "Mean time per round, by phase; and of a run from start to end, mean ± standard deviation.",
    )


def timing_row(group: Group, strategy: str) -> tuple[str, ...]:
    phases = group.curves.loc[group.curves["strategy"] == strategy, list(PHASES)].mean()
    whole = phases.sum()
    return (
        strategy,
        *map(known_seconds, phases),
        known_seconds(whole),
        f"{100 * phases['score_seconds'] / whole:.0f} %" if whole else MISSING,
        run_seconds(group.of(strategy)["wall_seconds"].astype(float).dropna()),
    )


def known_seconds(value: float) -> str:
    return MISSING if math.isnan(value) else seconds(value)


def run_seconds(walls: pd.Series) -> str:
    """The time of a whole run, mean ± standard deviation over those whose time is known; the bare
    one of a single.
    """
    if walls.empty:
        return MISSING
    return seconds(walls.mean(), walls.std() if len(walls) > 1 else None)
