"""The groups of one data set side by side: a sweep of a setting at a glance."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from askwell.report.findings.comparison import Comparison, compare, pairs
from askwell.report.groups.group import BASELINE, Group, all_targets
from askwell.report.page.blocks import Section, Table
from askwell.report.page.wording import MISSING, percent, reached, spread_percent
from askwell.report.sections.labels_to_accuracy import saved_at


def overviews(groups: Sequence[Group]) -> Iterator[Section]:
    """A section for each data set that has several groups."""
    for dataset, of_dataset in groupby(groups, lambda group: group.dataset):
        if len(settings := list(of_dataset)) > 1:
            yield Section(f"All settings of {dataset}", tables=(side_by_side(settings),))


def side_by_side(groups: Sequence[Group]) -> Table:
    """One row per strategy and setting."""
    targets = all_targets(groups)
    return Table(
        (
            "strategy and setting",
            "seeds",
            *(f"labels to {percent(target)}" for target in targets),
            "final accuracy",
            "against random",
        ),
        tuple(row for group in groups for row in overview_rows(group, targets)),
        "Mean ± standard deviation over seeds. Against random: the labels saved under the same "
        "settings, at the highest target that both reach in every paired seed, with the 95 % "
        "interval for 5 seeds or more. A setting picked by these accuracies is flattered by them: "
        "judge it on other images.",
    )


def overview_rows(group: Group, targets: Sequence[float]) -> Iterator[tuple[str, ...]]:
    tests = compare(group, group.contenders, BASELINE)
    for strategy in group.strategies:
        yield overview_row(group, strategy, targets, tests)


def overview_row(
    group: Group, strategy: str, targets: Sequence[float], tests: Sequence[Comparison]
) -> tuple[str, ...]:
    runs = group.of(strategy)
    return (
        ", ".join([strategy, *group.differences]),
        str(runs["seed"].nunique()),
        *(reached(runs[target]) for target in targets),
        spread_percent(runs["final_accuracy"]),
        against_random(group, strategy, tests),
    )


def against_random(group: Group, strategy: str, tests: Sequence[Comparison]) -> str:
    """The share of labels saved at the highest target that has one: `to 95 %: 37 % fewer (30–43
    %)`.
    """
    if strategy == BASELINE or BASELINE not in group.strategies:
        return MISSING
    paired = pairs(group, strategy, BASELINE)
    saved = ((target, saved_at(paired, target, tests)) for target in reversed(group.targets))
    return next(
        (f"to {percent(target)}: {share}" for target, share in saved if share != MISSING), MISSING
    )
