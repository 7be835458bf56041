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


def section(group: Group) -> Section:
    tables = tuple(head_to_head(group))
    return Section("Head to head", () if tables else ("This needs two strategies.",), tables)


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
        "The share of rounds, of those in which both were measured, in which a paired t-test over "
        "seeds (5 or more, p < 0.05, not corrected) finds the row's strategy better than the "
        "column's. Mean rank: by accuracy, 1 is the best, over seeds and rounds in which all "
        "strategies were measured. The first round does not count where the strategies share its "
        "labels.",
    )


def win_shares(group: Group) -> pd.DataFrame:
    """The share of rounds in which a strategy (row) is better than another (column); nan where
    nothing can be tested.
    """
    shares = pd.DataFrame(np.nan, index=group.strategies, columns=group.strategies)
    for own, other in combinations(group.strategies, 2):
        first, second = paired_accuracies(group, own, other)
        if first.size:
            shares.loc[own, other] = won(first, second).mean()
            shares.loc[other, own] = won(second, first).mean()
    return shares


def paired_accuracies(group: Group, own: str, other: str) -> np.ndarray:
    """The accuracies [2, R, n] of two strategies in the rounds that all their paired runs have;
    without rounds where the seeds cannot carry a test.
    """
    paired = pairs(group, own, other)
    if not paired.enough:
        return np.empty((2, 0, len(paired)))
    table = compared_rounds(group, own, other).pivot_table(
        index="labels", columns=["strategy", "seed"], values="accuracy"
    )
    names = [[(name, seed) for seed in paired.own.index] for name in (own, other)]
    accuracies = np.stack([table.reindex(columns=columns) for columns in names])
    return accuracies[:, ~np.isnan(accuracies).any(axis=(0, 2))]


def mean_ranks(group: Group) -> pd.Series:
    """The mean over seeds and rounds of each strategy's rank by accuracy, where all strategies were
    measured.
    """
    curves = compared_rounds(group, *group.strategies).pivot_table(
        index=["seed", "labels"], columns="strategy", values="accuracy"
    )
    return curves.reindex(columns=group.strategies).dropna().rank(axis=1, ascending=False).mean()


def compared_rounds(group: Group, *strategies: str) -> pd.DataFrame:
    """The curves of some strategies; without their first round where one and the same strategy
    chose its images, since runs of one seed are then equal.
    """
    curves = group.curves[group.curves["strategy"].isin(strategies)]
    if not group.same_start(*strategies):
        return curves
    return curves[curves["round"] > group.curves["round"].min()]


def hundredths(share: float) -> str:
    """A share in percent, without the sign."""
    return MISSING if np.isnan(share) else f"{100 * share:.0f}"
