"""The faults of a comparison. A check is a function of a group that yields one remark per fault."""

from collections.abc import Callable, Iterator

import pandas as pd

from askwell.report.findings.comparison import ENOUGH_SEEDS
from askwell.report.groups.group import BASELINE, Group, comparable
from askwell.report.page.wording import count, spans
from askwell.report.reading.recorded_run import RESUMED
from askwell.text import first_of, listing

MOST_OUTSIDE = 12
UNFINISHED = {
    "killed": ("was killed before its end", "were killed before their end"),
    "running": ("was still running", "were still running"),
    "waiting": ("is waiting for answers", "are waiting for answers"),
}
"""The words for one run and for several of each status."""

Check = Callable[[Group], Iterator[str]]


def remarks(group: Group) -> list[str]:
    """Everything that is wrong with the group's comparison; empty for a sound one."""
    return [remark for check in CHECKS for remark in check(group)]


def described(runs: pd.DataFrame) -> str:
    """The runs by strategy and seed, and why they failed where they did."""
    names = runs[["strategy", "seed", "status", "reason"]].itertuples(index=False)
    return first_of(
        [
            f"{strategy} seed {seed}"
            + (f" ({reason or 'no reason given'})" if status == "failed" else "")
            for strategy, seed, status, reason in names
        ]
    )


def failed(group: Group) -> Iterator[str]:
    """Runs that ended in an error."""
    runs = left_out(group)
    broken = runs[runs["status"] == "failed"]
    if len(broken):
        yield f"{count(len(broken), 'run')} failed and {was(broken)} left out: {described(broken)}."


def unfinished(group: Group) -> Iterator[str]:
    """Runs that were killed, are still running, or wait for answers."""
    runs = left_out(group)
    for status, (of_one, of_several) in UNFINISHED.items():
        open_runs = runs[runs["status"] == status]
        if len(open_runs):
            happened = of_one if len(open_runs) == 1 else of_several
            yield (
                f"{count(len(open_runs), 'run')} {happened} and left out: {described(open_runs)}."
            )


def empty(group: Group) -> Iterator[str]:
    """Runs that finished without a measured round."""
    others = left_out(group)
    nothing = others[(others["status"] == "finished") & (others["rounds"] == 0)]
    if len(nothing):
        runs = count(len(nothing), "finished run")
        yield f"{runs} without a measured round {was(nothing)} left out: {described(nothing)}."


def none_finished(group: Group) -> Iterator[str]:
    """No finished run: only runs that are still running, wait, were killed, or failed."""
    if not group.finished:
        runs = described(group.runs)
        yield f"no run has finished; the page shows what they measured so far: {runs}."


def left_out(group: Group) -> pd.DataFrame:
    """The runs that are not compared."""
    runs = group.everything.runs
    return runs[~runs.index.isin(group.runs.index)]


def repeated(group: Group) -> Iterator[str]:
    """A strategy and seed that ran more than once."""
    runs = group.everything.runs
    finished = runs[(runs["status"] == "finished") & (runs["rounds"] > 0)]
    older = finished[~finished.index.isin(comparable(runs).index)]
    if len(older):
        yield (
            "strategy and seed ran more than once, and only the latest run counts: "
            f"{described(older)}."
        )


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


def outside(runs: pd.DataFrame) -> Iterator[str]:
    """Runs without a measured round, or whose data set, strategy or seed is unknown."""
    for folder, run in runs.head(MOST_OUTSIDE).iterrows():
        what = " ".join(
            str(run[name]) for name in ("dataset", "strategy", "seed") if run[name] is not None
        )
        yield (
            f"{folder}: {what or 'unknown'}, {run['status']}, {run['reason'] or 'no reason given'}"
        )
    if len(runs) > MOST_OUTSIDE:
        yield f"{len(runs) - MOST_OUTSIDE} more are in runs.csv"


def was(runs: pd.DataFrame) -> str:
    return "was" if len(runs) == 1 else "were"


CHECKS: tuple[Check, ...] = (
    none_finished, failed, unfinished, empty, repeated, missing, baseline, few_seeds, unpaired,
    unequal_labels, gaps, selected, unlike,
)  # fmt: skip
