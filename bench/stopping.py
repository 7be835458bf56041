"""How right is the advice? Forecasts and stopping rules, judged on all packed runs."""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from askwell.forecast import LEAST, forecast
from askwell.stopping import RULES, Rule
from bench.pages import DOCS, table, write

RESULTS = Path(__file__).parents[1] / "results"
PAGE, MARK = DOCS / "stopping.md", "tables"

QUERIES = (1, 2, 5)
"""How many queries ahead a forecast looks."""
PHASES = {"5 to 7": range(5, 8), "8 to 12": range(8, 13), "13 and more": range(13, 10**6)}
"""Rounds that a curve has when it is forecast."""
CLOSE = 0.01
"""A run could have stopped where its accuracy was this near to that of its end for good."""


class Told(NamedTuple):
    """A forecast and what was measured then."""

    phase: str
    queries: int
    accuracy: float
    low: float
    high: float
    measured: float


class Stop(NamedTuple):
    """Where a rule ended a run, against where it could have been ended at no loss."""

    labels: int
    needed: int
    lost: float  # accuracy, against the end of the run


def main() -> None:
    """Writes both tables between their marks in docs/stopping.md."""
    argparse.ArgumentParser(description=main.__doc__).parse_args()
    write(PAGE, MARK, tables())


def tables() -> str:
    """How forecasts and rules did on all packed runs."""
    runs = list(judged())
    return f"{forecasts(runs)}\n\n{stops(runs)}"


def judged() -> Iterator[dict[str, Any]]:
    """All packed runs but those of seed 0 of the leaderboard, on which the forecast was chosen."""
    for file in sorted(RESULTS.glob("*.jsonl")):
        for line in file.read_text().splitlines():
            run = json.loads(line)
            if "accuracy" in run and (file.stem != "leaderboard" or run["job"]["seed"]):
                yield run


def forecasts(runs: list[dict[str, Any]]) -> str:
    """How often the accuracy measured later lay in the interval, and how far it was from what was
    forecast.
    """
    found: dict[tuple[str, int], list[Told]] = defaultdict(list)
    for run in runs:
        for told in forecasts_of(run["labels"], run["accuracy"]):
            found[told.phase, told.queries].append(told)
    rows = [
        [phase, f"{queries}", *cells(found[phase, queries])]
        for phase in PHASES
        for queries in QUERIES
        if found[phase, queries]
    ]
    head = ["rounds so far", "queries ahead", "forecasts", "in the 95 % interval"]
    return table([*head, "its width, points", "mean error, points"], rows)


def forecasts_of(labels: list[int], accuracy: list[float]) -> Iterator[Told]:
    """All forecasts of a curve that can be judged by the rest of it."""
    for rounds in range(LEAST, len(labels)):
        phase = next(name for name, of_phase in PHASES.items() if rounds in of_phase)
        for queries in QUERIES:
            place = rounds - 1 + queries
            if place < len(labels):
                told = forecast(labels[:rounds], accuracy[:rounds], labels[place])
                if told is not None:
                    yield Told(phase, queries, *told[1:], accuracy[place])


def cells(told: list[Told]) -> list[str]:
    inside = np.mean([one.low <= one.measured <= one.high for one in told])
    width = np.mean([one.high - one.low for one in told])
    error = np.mean([abs(one.accuracy - one.measured) for one in told])
    return [f"{len(told):,}", f"{100 * inside:.0f} %", f"{100 * width:.1f}", f"{100 * error:.1f}"]


def stops(runs: list[dict[str, Any]]) -> str:
    """What each rule costs, on the runs that recorded what it needs."""
    known = [run for run in runs if "kappa" in run]
    rows = []
    for name, rule in RULES.items():
        ended = [stop for run in known if (stop := stop_of(run, rule)) is not None]
        rows.append([name, f"{len(ended)} of {len(known)}", *regret(ended)])
    head = ["rule", "runs that it ends", f"within {100 * CLOSE:.0f} point of their end"]
    return table([*head, "accuracy lost, points", "labels past the first that suffice"], rows)


def regret(ended: list[Stop]) -> list[str]:
    """How often a rule was right, and its mean regret in accuracy and in labels."""
    if not ended:
        return ["", "", ""]
    right = np.mean([stop.lost <= CLOSE for stop in ended])
    lost = 100 * np.mean([stop.lost for stop in ended])
    wasted = np.median([stop.labels / stop.needed - 1 for stop in ended])
    return [f"{100 * right:.0f} %", f"{lost:.1f}", f"{100 * wasted:+.0f} %".replace("-", "−")]


def stop_of(run: dict[str, Any], rule: Rule) -> Stop | None:
    """Where a rule first ends a run; None where it does not before its last round."""
    labels, accuracy = run["labels"], run["accuracy"]
    near = np.array(accuracy) >= accuracy[-1] - CLOSE
    needed = labels[len(near) - int(np.argmin(near[::-1]))] if not near.all() else labels[0]
    for rounds in range(1, len(labels)):
        if rule(run["uncertainty"][:rounds], run["kappa"][:rounds]):
            return Stop(labels[rounds - 1], needed, accuracy[-1] - accuracy[rounds - 1])
    return None


if __name__ == "__main__":
    main()
