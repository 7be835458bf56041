"""The faults of a comparison. A check is a function of a group that yields one remark per fault."""

from collections.abc import Callable, Iterator

import pandas as pd

from askwell.report.findings.comparison import ENOUGH_SEEDS
from askwell.report.findings.left_out import (
    described,
    empty,
    failed,
    none_finished,
    repeated,
    unfinished,
)
from askwell.report.groups.group import BASELINE, Group
from askwell.report.page.wording import count, spans
from askwell.report.reading.recorded_run import RESUMED
from askwell.text import first_of, listing

Check = Callable[[Group], Iterator[str]]


def remarks(group: Group) -> list[str]:
    """Everything that is wrong with the group's comparison; empty for a sound one."""
    return [remark for check in CHECKS for remark in check(group)]


def missing(group: Group) -> Iterator[str]:
    """Seeds that only some of the strategies have."""
    seeds = group.runs.groupby("strategy")["seed"].agg(set)
    every = set().union(*seeds)
    gaps = {
        strategy: sorted(every - seeds[strategy])
        for strategy in group.strategies
        if every - seeds[strategy]
    }
    for strategy, absent in gaps.items():
        listed = first_of([str(seed) for seed in absent])
        yield f"{strategy} has no run to compare with seed {listed}."


def baseline(group: Group) -> Iterator[str]:
    """No random sampling to compare with."""
    if BASELINE not in group.strategies:
        yield "there is no run of random, so no strategy can be shown to save labels."


def few_seeds(group: Group) -> Iterator[str]:
    """Strategies with fewer seeds than a test needs."""
    seeds = group.runs.groupby("strategy")["seed"].nunique()
    few = [
        f"{strategy} ({seeds[strategy]})"
        for strategy in group.strategies
        if seeds[strategy] < ENOUGH_SEEDS
    ]
    if few:
        yield f"fewer than {ENOUGH_SEEDS} seeds are no evidence: {listing(few)}."


def unpaired(group: Group) -> Iterator[str]:
    """Seeds whose runs did not start alike; different strategies may choose different images."""
    starts = {
        "initial images": ("initial_digest", ["seed", "start"]),
        "initial weights": ("weights_digest", ["seed"]),
    }
    for what, (column, keys) in starts.items():
        kinds = group.runs.groupby(keys)[column].nunique()
        unlike = kinds.index[kinds > 1].get_level_values("seed").unique()
        if len(unlike):
            yield f"the {what} differ between the runs of seed {first_of(list(map(str, unlike)))}."
        unknown = group.runs[group.runs[column].isna()]
        if len(unknown):
            yield (
                f"the {what} of {count(len(unknown), 'run')} are not recorded, so that "
                f"none is paired with these: {described(unknown)}."
            )


def unequal_labels(group: Group) -> Iterator[str]:
    """Runs that ended at different numbers of labels."""
    ends = group.runs["final_labels"]
    if ends.nunique() > 1:
        yield (
            f"the runs end at different numbers of labels ({ends.min():,.0f} to "
            f"{ends.max():,.0f}): final accuracies are not at equal cost. The areas of the table "
            "are over the labels that all runs share, those of a test over the labels that its "
            "own runs share."
        )


def gaps(group: Group) -> Iterator[str]:
    """Rounds that are missing from a run's record, between others or before them."""
    found = [
        (run, absent)
        for run, curve in group.curves.groupby("run")
        if (absent := missing_rounds(curve["round"]))
    ]
    if found:
        places = [
            f"{numbered(absent)} of {run['strategy']} seed {run['seed']}"
            for run, absent in ((group.runs.loc[name], absent) for name, absent in found)
        ]
        yield (
            f"rounds are missing from rounds.jsonl: {first_of(places)}. No line is drawn there, "
            "and a target may have been reached earlier than the tables show."
        )


def missing_rounds(rounds: pd.Series) -> list[int]:
    """The numbers from 0 to the last that do not occur."""
    return sorted(set(range(rounds.max() + 1)) - set(rounds))


def numbered(rounds: list[int]) -> str:
    """`round 3`, `rounds 3, 7–9`."""
    return f"{'round' if len(rounds) == 1 else 'rounds'} {spans(rounds)}"


def unlike(group: Group) -> Iterator[str]:
    """Runs on different data, code or machines."""
    columns = {
        "dataset_fingerprint": "the data are not the same in all runs (fingerprints differ)",
        "evaluation": "the evaluation sets differ in size",
        "git_commit": "the runs are of different commits",
        "versions": "the runs used different package versions",
        "device": "the runs used different devices",
    }
    for column, remark in columns.items():
        values = group.runs[column].dropna().astype(str)
        kinds = sorted({one for value in values for one in value.split(RESUMED)})
        if len(kinds) > 1:
            yield f"{remark}: {first_of(kinds, 3)}."


def selected(group: Group) -> Iterator[str]:
    """Choices made by the accuracy on the evaluation set, which flatter the accuracy reported."""
    stopped = group.runs[group.runs["reason"] == "target_accuracy"]
    if len(stopped):
        yield (
            "selection on the evaluation set: target_accuracy ended "
            f"{count(len(stopped), 'run')} by the accuracy measured there, which flatters the "
            f"final accuracy: {described(stopped)}."
        )
    sweepers = sorted(set(group.runs["sweeper"].dropna()) - {"basic"})
    if sweepers:
        yield (
            f"selection on the evaluation set: the sweeper {listing(sweepers)} received the "
            "accuracy of each run there. If it chose the next settings by it, the best are "
            "flattered."
        )


CHECKS: tuple[Check, ...] = (
    none_finished, failed, unfinished, empty, repeated, missing, baseline, few_seeds, unpaired,
    unequal_labels, gaps, selected, unlike,
)  # fmt: skip
