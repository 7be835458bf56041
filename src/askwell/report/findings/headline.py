"""The first sentence on a group, with its numbers: what the best strategy needs to reach a target,
and random.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from askwell.learning_curve import CENSORED
from askwell.report.findings.comparison import Comparison, Pairs, pairs, saving_at
from askwell.report.groups.group import BASELINE, Group
from askwell.report.groups.measures import areas
from askwell.report.page.wording import (
    count,
    percent,
    saving,
    saving_interval,
    spread,
    spread_or_value,
    spread_percent,
)
from askwell.report.statistics.saving import Saving, saved
from askwell.text import listing


@dataclass(frozen=True)
class Headline:
    """The answer in a sentence, and its numbers; None for those that a group does not have."""

    sentence: str
    strategy: str | None = None
    seeds: int | None = None
    target: float | None = None
    share: float | None = None
    weighed: Saving | None = None


def headline(group: Group, tests: Sequence[Comparison]) -> Headline:
    """The best strategy's labels to the highest target that it and random always reach, else their
    final accuracy.
    """
    if not group.contenders:
        end = finals(group.of(BASELINE))
        return Headline(
            f"Only random was run: it reaches {end}, and there is nothing to compare it with."
        )
    best = best_strategy(group, tests)
    if BASELINE not in group.strategies:
        return Headline(no_baseline(group, best), best)
    return against_baseline(group, best, tests)


def against_baseline(group: Group, best: str, tests: Sequence[Comparison]) -> Headline:
    """The best strategy's runs and random's: those that are paired, or all where there are too
    few.
    """
    paired = pairs(group, best, BASELINE)
    own, reference = (
        (paired.own, paired.reference) if paired.enough else (group.of(best), group.of(BASELINE))
    )
    target = highest_target(group.targets, own, reference)
    if target is None:
        share, weighed, numbers = None, None, short_of_targets(group.targets, best, own, reference)
    else:
        share = saved(own[target].to_numpy(float), reference[target].to_numpy(float))
        weighed = saving_at(paired, target, tests)
        numbers = labels_needed(best, target, own, reference, weighed)
    sentence = " ".join(
        [f"{numbers}{left_out_of(group, best, paired)}.", *censoring(own, reference)]
    )
    return Headline(sentence, best, len(paired), target, share, weighed)


def best_strategy(group: Group, tests: Sequence[Comparison]) -> str:
    """Of the tested strategies, or of all where none is, the one with the largest mean area over
    one range of labels.

    Where these runs and random's share too few labels for that, the one that ends with the best
    accuracy.
    """
    names = [test.strategy for test in tests] or group.contenders
    runs = group.runs[group.runs["strategy"].isin([*names, BASELINE])]
    runs = runs.assign(area=areas(group.curves[group.curves["run"].isin(runs.index)]))
    means = runs.groupby("strategy")[["area", "final_accuracy"]].mean().loc[names]
    return str(means["area" if means["area"].notna().all() else "final_accuracy"].idxmax())


def labels_needed(
    best: str, target: float, own: pd.DataFrame, reference: pd.DataFrame, weighed: Saving | None
) -> str:
    """What the best strategy and random need to a target; a saving or a loss only where test and
    interval find it.
    """
    start = (
        f"To reach {percent(target)}, {best} needs {spread(own[target])} labels where random needs "
    )
    start += spread(reference[target])
    if weighed is None:
        return f"{start} ({means_of(len(own), len(reference))})"
    sure = f"(95 % interval {saving_interval(weighed.low, weighed.high)}, {len(own)} paired seeds)"
    if weighed.claimed or weighed.lost:
        return f"{start}: {saving(weighed.share)} {sure}"
    if weighed.found:
        return (
            f"{start}: too uncertain to call a {'saving' if weighed.found > 0 else 'loss'} {sure}"
        )
    return f"{start}: not distinguishable from random {sure}"


def left_out_of(group: Group, best: str, paired: Pairs) -> str:
    """Which seeds of the two strategies the numbers lack: runs that fail where they do badly
    flatter the others.
    """
    seeds = {name: set(group.of(name)["seed"]) for name in (best, BASELINE)}
    runs = group.everything.runs
    unused = runs[~runs.index.isin(group.runs.index) & (runs["status"] != "finished")]
    parts = []
    for name in (best, BASELINE):
        lacking = unused[
            (unused["strategy"] == name) & ~unused["seed"].isin(seeds[name])
        ].drop_duplicates("seed")
        failed = int((lacking["status"] == "failed").sum())
        absent = (
            len(set().union(*seeds.values()) - seeds[name] - set(lacking["seed"]))
            if paired.enough
            else 0
        )
        counts = {"failed": failed, "unfinished": len(lacking) - failed, "missing": absent}
        parts += [
            f"{count(number, f'{kind} run')} of {name}" for kind, number in counts.items() if number
        ]
    return f"; left out: {listing(parts)}" if parts else ""


def censoring(*runs: pd.DataFrame) -> Iterator[str]:
    """That runs ended by an accuracy are censored, where there are any."""
    if any((part["reason"] == "target_accuracy").any() for part in runs):
        yield CENSORED


def short_of_targets(
    targets: Sequence[float], best: str, own: pd.DataFrame, reference: pd.DataFrame
) -> str:
    """The final accuracies, where not every run reaches a target."""
    return (
        f"None of {listing([percent(target) for target in targets])} is reached by every run of "
        f"{best} and random: {best} reaches {finals(own)}, random {finals(reference)}"
    )


def highest_target(targets: Sequence[float], *runs: pd.DataFrame) -> float | None:
    """The highest target that all the runs reached."""
    return max(
        (target for target in targets if all(part[target].notna().all() for part in runs)),
        default=None,
    )


def means_of(own: int, reference: int) -> str:
    """How many seeds are behind two means."""
    if own == reference:
        return f"means of {own} seeds each" if own > 1 else "one seed each"
    return f"means of {own} and {count(reference, 'seed')}"


def finals(runs: pd.DataFrame) -> str:
    """The accuracy runs end with, and at how many labels."""
    return (
        f"{spread_percent(runs['final_accuracy'])} with "
        f"{spread_or_value(runs['final_labels'])} labels"
    )


def no_baseline(group: Group, best: str) -> str:
    """The best strategy's final accuracy, and why no saving can be given."""
    return (
        f"{best} reaches {finals(group.of(best))}; there is no run of random to measure a saving "
        "against."
    )
