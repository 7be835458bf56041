"""The runs that a comparison leaves out, and why."""

from collections.abc import Iterator

import pandas as pd

from askwell.report.groups.group import Group, comparable
from askwell.report.page.wording import count
from askwell.text import first_of

MOST_OUTSIDE = 12


UNFINISHED = {
    "killed": ("was killed before its end", "were killed before their end"),
    "running": ("was still running", "were still running"),
    "waiting": ("is waiting for answers", "are waiting for answers"),
}
"""The words for one run and for several of each status."""


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
