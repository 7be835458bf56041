"""What a group of runs says, in plain sentences, and where it cannot say it, why."""

from collections.abc import Iterator, Sequence

import pandas as pd

from askwell.report.comparing import ENOUGH_SEEDS, Comparison, Pairs, compare, pairs, saved, saved_interval
from askwell.report.groups import BASELINE, Group
from askwell.report.measures import areas
from askwell.report.power import MOST
from askwell.report.wording import (
    count,
    percent,
    saving,
    saving_interval,
    spread,
    spread_or_value,
    spread_percent,
)
from askwell.text import listing


def verdict(group: Group) -> tuple[str, ...]:
    """The sentences on a group; the first one is the answer."""
    if not group.finished:
        return (f"No run has finished yet. {answer(group)[0]}",)
    return answer(group)


def answer(group: Group) -> tuple[str, ...]:
    """What the runs say, finished or not."""
    if not group.contenders:
        return (
            f"Only random was run: it comes to {finals(group.of(BASELINE))}, and there is nothing to compare it with.",
        )
    tests = compare(group, group.contenders, BASELINE)
    best = best_strategy(group, tests)
    ranks = rank_sentences(group, best, tests)
    if BASELINE not in group.strategies:
        return (no_baseline(group, best), *ranks)
    paired = pairs(group, best, BASELINE)
    return (headline(group, best, paired), *beyond(group, best), *weakness(group, best, paired), *ranks)


def best_strategy(group: Group, tests: list[Comparison]) -> str:
    """Of the tested strategies, or of all where none is, the one with the largest mean area over one range of labels.

    Where these runs and random's share too few labels for that, the one that ends with the best accuracy.
    """
    names = [test.strategy for test in tests] or group.contenders
    runs = group.runs[group.runs["strategy"].isin([*names, BASELINE])]
    runs = runs.assign(area=areas(group.curves[group.curves["run"].isin(runs.index)]))
    means = runs.groupby("strategy")[["area", "final_accuracy"]].mean().loc[names]
    return str(means["area" if means["area"].notna().all() else "final_accuracy"].idxmax())


def headline(group: Group, best: str, paired: Pairs) -> str:
    """The best strategy's labels to the highest target that it and random always reach, else their final accuracy."""
    own, reference = (paired.own, paired.reference) if paired.enough else (group.of(best), group.of(BASELINE))
    target = highest_target(group.targets, own, reference)
    if target is None:
        return short_of_targets(group.targets, best, own, reference)
    return (
        f"To reach {percent(target)}, {best} needs {spread(own[target])} labels where random needs "
        f"{spread(reference[target])}: {saving(saved(own[target], reference[target]))} "
        f"({certainty(own[target], reference[target], paired)})."
    )


def short_of_targets(targets: Sequence[float], best: str, own: pd.DataFrame, reference: pd.DataFrame) -> str:
    """The final accuracies, where not every run reaches a target."""
    return (
        f"None of {listing([percent(target) for target in targets])} is reached by every run of {best} and random: "
        f"{best} comes to {finals(own)}, random to {finals(reference)}."
    )


def highest_target(targets: Sequence[float], *runs: pd.DataFrame) -> float | None:
    """The highest target that all the runs reached."""
    return max((target for target in targets if all(part[target].notna().all() for part in runs)), default=None)


def certainty(labels: pd.Series, reference: pd.Series, paired: Pairs) -> str:
    """How sure a saved share is: its interval over paired seeds, or how few seeds there are."""
    if not paired.enough:
        return means_of(len(labels), len(reference))
    return f"95 % interval {saving_interval(*saved_interval(labels, reference))}, {len(paired)} paired seeds"


def means_of(own: int, reference: int) -> str:
    """How many seeds are behind two means."""
    if own == reference:
        return f"means of {own} seeds each" if own > 1 else "one seed each"
    return f"means of {own} and {count(reference, 'seed')}"


def finals(runs: pd.DataFrame) -> str:
    """The accuracy runs end with, and at how many labels."""
    return f"{spread_percent(runs['final_accuracy'])} with {spread_or_value(runs['final_labels'])} labels"


def beyond(group: Group, best: str) -> Iterator[str]:
    """The targets that the best strategy always reaches and random does not."""
    own, reference = group.of(best), group.of(BASELINE)
    for target in group.targets:
        hits = reference[target].notna().sum()
        if own[target].notna().all() and hits < len(reference):
            yield (
                f"{percent(target)} is reached by every run of {best} ({spread(own[target])} labels) "
                f"and by {hits or 'none'} of random's {len(reference)}."
            )


def weakness(group: Group, best: str, paired: Pairs) -> Iterator[str]:
    """Why the numbers of the headline are no finding, where they are none."""
    if paired.enough:
        return
    own, reference = group.of(best)["seed"], group.of(BASELINE)["seed"]
    shared, noun = len(set(own) & set(reference)), "seed" if set(own) == set(reference) else "shared seed"
    if len(paired) < shared:
        yield (
            f"{best} and random are not known to have started from the same images and weights in "
            f"{shared - len(paired)} of {count(shared, 'seed')}: "
            "unpaired runs are not tested, the numbers are means only."
        )
    else:
        yield f"{count(shared, noun)} {'is' if shared == 1 else 'are'} no evidence: a test needs {ENOUGH_SEEDS}."


def no_baseline(group: Group, best: str) -> str:
    """The best strategy's end, and what is missing to say more."""
    return f"{best} comes to {finals(group.of(best))}; there is no run of random, so no saving can be told."


def rank_sentences(group: Group, best: str, tests: list[Comparison]) -> Iterator[str]:
    """Which strategies are told apart from random by the tests, and which not from the best, by area."""
    clauses = [*against_random(tests)]
    alike = [test for test in compare(group, group.contenders, best) if not test.distinguishable]
    if alike:
        clauses.append(undecided(alike, best))
    if clauses:
        over = "" if group.runs["final_labels"].nunique() == 1 else " over the labels that the runs of both share"
        yield f"By the area under the learning curve (paired t-tests{over}, Holm's correction), {'; '.join(clauses)}."


def against_random(tests: list[Comparison]) -> Iterator[str]:
    """A clause for each of better, worse and undecided."""
    verdicts = {
        "better than": [test.strategy for test in tests if test.distinguishable and test.difference > 0],
        "worse than": [test.strategy for test in tests if test.distinguishable and test.difference < 0],
    }
    for words, strategies in verdicts.items():
        if strategies:
            yield f"{listing(strategies)} {are(strategies)} {words} random"
    alike = [test for test in tests if not test.distinguishable]
    if alike:
        yield undecided(alike, BASELINE)


def undecided(tests: list[Comparison], reference: str) -> str:
    """Which strategies are not told apart from the reference, and how many more seeds would probably do it."""
    names = [f"{test.strategy} ({settled_by(test)})" for test in tests]
    return f"{listing(names)} {are(names)} not distinguishable from {reference}"


def settled_by(test: Comparison) -> str:
    """How many more seeds would probably tell two strategies apart."""
    if test.more_seeds is None:
        return f"more than {MOST} seeds would be needed"
    return f"{count(test.more_seeds, 'more seed')} would settle it if the difference seen is true"


def are(words: list[str]) -> str:
    return "is" if len(words) == 1 else "are"
