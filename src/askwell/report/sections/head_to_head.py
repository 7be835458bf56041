"""Every strategy against every other, round by round."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd

from askwell.report.findings.comparison import pairs
from askwell.report.groups.group import Group
from askwell.report.page.blocks import Section, Table
from askwell.report.page.wording import MISSING
from askwell.report.statistics.significance import won


def head_to_head(group: Group) -> Iterator[Table]:
    """Mean ranks, and the pairwise penalty matrix (Ash et al., ICLR 2020); no table for a single
    strategy.
    """
    strategies = group.strategies
    if len(strategies) < 2:
        return
    ranks, shares = mean_ranks(group), win_shares(group)
    rows = [
        (
            name,
            *map(hundredths, shares.loc[name]),
            MISSING if np.isnan(ranks[name]) else f"{ranks[name]:.2f}",
        )
        for name in strategies
    ]
    yield Table(
        ("better, in % of rounds", *(f"than {name}" for name in strategies), "mean rank"),
        (*rows, ("beaten, on average", *map(hundredths, shares.mean()), "")),
        "In how many of the rounds that both were measured in, in percent, a paired t-test over "
        "seeds (5 or more, "
        "p < 0.05, not corrected) finds the row's strategy better than the column's. Mean rank: "
        "by accuracy, 1 is the "
        "best, over seeds and rounds that all strategies were measured in. Both without the "
        "first round, whose labels "
        "all strategies share.",
    )


def win_shares(group: Group) -> pd.DataFrame:
    """In which share of rounds a strategy (row) is better than another (column); nan where nothing
    can be tested.
    """
    table = after_the_first(group).pivot_table(
        index="labels", columns=["strategy", "seed"], values="accuracy"
    )
    shares = pd.DataFrame(np.nan, index=group.strategies, columns=group.strategies)
    for own, other in combinations(group.strategies, 2):
        paired = pairs(group, own, other)
        if paired.enough and {own, other} <= set(table.columns.unique("strategy")):
            names = [[(name, seed) for seed in paired.own.index] for name in (own, other)]
            accuracies = np.stack([table.reindex(columns=columns) for columns in names])
            first, second = accuracies[:, ~np.isnan(accuracies).any(axis=(0, 2))]
            if len(first):
                shares.loc[own, other], shares.loc[other, own] = (
                    won(first, second).mean(),
                    won(second, first).mean(),
                )
    return shares


def mean_ranks(group: Group) -> pd.Series:
    """The mean over seeds and rounds of each strategy's rank by accuracy, where all strategies were
    measured.
    """
    curves = after_the_first(group).pivot_table(
        index=["seed", "labels"], columns="strategy", values="accuracy"
    )
    return curves.reindex(columns=group.strategies).dropna().rank(axis=1, ascending=False).mean()


def after_the_first(group: Group) -> pd.DataFrame:
    """The curves without the round of the initial set, where strategies of one seed are equal by
    construction.
    """
    return group.curves[group.curves["round"] > group.curves["round"].min()]


def hundredths(share: float) -> str:
    """A share in percent, without the sign."""
    return MISSING if np.isnan(share) else f"{100 * share:.0f}"


def section(group: Group) -> Section:
    tables = tuple(head_to_head(group))
    return Section("Head to head", () if tables else ("This needs two strategies.",), tables)
