"""What the strategies reach, and how many labels they save."""

from collections.abc import Iterator, Sequence

from askwell.learning_curve import CENSORED, DEFINITION, TARGETS
from askwell.report.findings.comparison import Comparison, Pairs, compare, pairs, saving_at
from askwell.report.groups.group import BASELINE, Group
from askwell.report.groups.measures import shared_range
from askwell.report.page.blocks import Section, Table
from askwell.report.page.wording import (
    MISSING,
    percent,
    reached,
    saving,
    saving_interval,
    spread,
    spread_or_value,
    spread_percent,
)
from askwell.report.statistics.saving import saved


def section(group: Group) -> Section:
    return Section("Labels to accuracy", tables=(summary(group), *savings(group)))


def summary(group: Group) -> Table:
    """Labels to each target, area, final accuracy and worst class of each strategy."""
    targets = [f"labels to {percent(target)}" for target in group.targets]
    low, high = shared_range(group.curves)
    shared = (
        f"from {low:,.0f} to {high:,.0f} labels"
        if low < high
        else "over the labels that all runs share, of which there are none"
    )
    chosen = (
        ""
        if group.targets == TARGETS
        else "The targets are around the highest level that is always reached. "
    )
    censored = f"{CENSORED} " if (group.runs["reason"] == "target_accuracy").any() else ""
    return Table(
        ("strategy", "seeds", *targets, "area", "final labels", "final accuracy", "worst class"),
        tuple(summary_row(group, strategy) for strategy in group.strategies),
        "Mean ± standard deviation over seeds. Labels to a target: "
        f"{DEFINITION}. {censored}{chosen}Area: the mean height of the learning curve {shared}. "
        "Worst class: of the last round, and the class that was worst most often.",
    )


def summary_row(group: Group, strategy: str) -> tuple[str, ...]:
    runs = group.of(strategy)
    worst = runs["worst"].mode()
    return (
        strategy,
        str(runs["seed"].nunique()),
        *(reached(runs[target]) for target in group.targets),
        spread(runs["area"], ".4f"),
        spread_or_value(runs["final_labels"]),
        spread_percent(runs["final_accuracy"]),
        f"{spread_percent(runs['worst_accuracy'])} ({worst.iloc[0]})" if len(worst) else MISSING,
    )


def savings(group: Group) -> Iterator[Table]:
    """Labels saved against random at each target; no table where there is nothing to compare."""
    if BASELINE in group.strategies and group.contenders:
        tests = compare(group, group.contenders, BASELINE)
        yield Table(
            ("against random", *(f"to {percent(target)}" for target in group.targets)),
            tuple(
                (strategy, *(saved_at(paired, target, tests) for target in group.targets))
                for strategy, paired in (
                    (name, pairs(group, name, BASELINE)) for name in group.contenders
                )
            ),
            "One minus the ratio of the mean labels, over paired seeds, where both reached the "
            "target in every one. In brackets is the 95 % interval (Student's, of the logarithms "
            "of the ratios) for 5 seeds or more. It is at least as wide as one query, and excludes "
            "`as many` only where the test of areas finds a difference.",
        )


def saved_at(paired: Pairs, target: float, tests: Sequence[Comparison]) -> str:
    """The share of labels saved at a target, with its interval where the seeds carry one."""
    own, reference = paired.own[target], paired.reference[target]
    if not len(paired) or own.isna().any() or reference.isna().any():
        return MISSING
    fewer = saving(saved(own.to_numpy(float), reference.to_numpy(float)))
    weighed = saving_at(paired, target, tests)
    return fewer if weighed is None else f"{fewer} ({saving_interval(weighed.low, weighed.high)})"
