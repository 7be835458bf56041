"""The screen: one line per round and a table at the end, plain where there is no terminal."""

import sys
from typing import Any

import rich.console
from pytorch_lightning import Callback
from rich import box
from rich.table import Table
from rich.text import Text

from askwell.learning_curve import TARGETS, area_under_curve, labels_to_target
from askwell.listener.progress import round_of
from askwell.loop.listener import RoundListener
from askwell.loop.rounds import RoundResult
from askwell.stopping import ENOUGH, ahead, stops
from askwell.text import first_of, percent, seconds, visible

REASONS = {
    "rounds": "all rounds are done",
    "budget": "the budget is spent",
    "target_accuracy": "the target accuracy is reached",
    "pool exhausted": "the pool is used up",
}


LINES = 10
"""The most lost classes of a round that get a line each."""


class Console(Callback, RoundListener):
    """Prints each round as it ends.

    Its state is the learning curve, so that a resumed run ends with the whole table.
    """

    def __init__(self, rounds: int | None = None) -> None:
        self.rounds = rounds
        self.labels: list[int] = []
        self.accuracy: list[float] = []
        self.seconds = {"train": 0.0, "score": 0.0, "evaluate": 0.0}
        self.lost: list[str] = []
        self.signs: list[tuple[float | None, float | None]] = []  # uncertainty and kappa

    def state_dict(self) -> dict[str, Any]:
        curve = {"labels": list(self.labels), "accuracy": list(self.accuracy)}
        times, signs = dict(self.seconds), [list(pair) for pair in self.signs]
        return {**curve, "seconds": times, "lost": list(self.lost), "signs": signs}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.labels, self.accuracy = list(state_dict["labels"]), list(state_dict["accuracy"])
        self.seconds, self.lost = dict(state_dict["seconds"]), list(state_dict["lost"])
        self.signs = [(unsure, kappa) for unsure, kappa in state_dict.get("signs", [])]

    def on_round_end(self, trainer: Any, result: RoundResult) -> None:
        self.labels.append(result.labels)
        self.accuracy.append(result.accuracy)
        for name, value in seconds_of(result).items():
            self.seconds[name] += value
        steady = result.steadiness
        self.signs.append((None, None) if steady is None else (steady.uncertainty, steady.kappa))
        show(round_line(result, self.rounds))
        if self._enough:
            show(ENOUGH)
        self.lost = list(dict.fromkeys([*self.lost, *result.lost_classes]))
        for name in result.lost_classes[:LINES]:
            show(lost_line(name, result), style="bold red")
        if len(result.lost_classes) > LINES:
            show(f"!! {len(result.lost_classes) - LINES} more classes are lost", style="bold red")

    def on_rounds_end(self, trainer: Any, reason: str) -> None:
        bought = f" after {self.labels[-1]} labels" if self.labels else ""
        show(f"finished{bought}: {REASONS.get(reason, reason)}")
        if self.labels:
            screen().print(self._table(stopped=reason == "target_accuracy"))

    @property
    def _enough(self) -> bool:
        """Whether the rounds so far say to stop."""
        return stops([unsure for unsure, _ in self.signs], [kappa for _, kappa in self.signs])

    def _table(self, stopped: bool) -> Table:
        table = Table("", "", box=box.SIMPLE_HEAD, show_header=False, highlight=False)
        table.add_row("labels", f"{self.labels[-1]}")
        table.add_row("final accuracy", percent(self.accuracy[-1], 2))
        table.add_row("best accuracy", percent(max(self.accuracy), 2))
        table.add_row(
            "mean accuracy over the labels",
            percent(area_under_curve(self.labels, self.accuracy), 2),
        )
        for told in ahead(self.labels, self.accuracy):
            more = told.labels - self.labels[-1]
            spread = f"{percent(told.low, 1)} to {percent(told.high, 1)}"
            table.add_row(f"with {more} more labels", f"{percent(told.accuracy, 1)} ({spread})")
        for target in TARGETS:
            table.add_row(f"labels to {percent(target)}", self._price(target, stopped))
        table.add_row(
            "classes lost on the way",
            Text(first_of([visible(name) for name in self.lost]) if self.lost else "none"),
        )
        for name, value in self.seconds.items():
            table.add_row(f"time to {name}", seconds(value))
        return table

    def _price(self, target: float, stopped: bool) -> str:
        """Labels to a target; a run that its last round's accuracy ended is censored there."""
        bought = labels_to_target(self.labels, self.accuracy, target, stopped)
        if bought is None and stopped and self.accuracy[-1] >= target:
            return f"not certain: {self.labels[-1]} ended the run"
        return "not reached" if bought is None else f"{bought}"


def round_line(result: RoundResult, rounds: int | None) -> str:
    """The line of one round."""
    worst = result.class_accuracy[result.worst_class]
    times = "  ".join(f"{name} {seconds(value)}" for name, value in seconds_of(result).items())
    return (
        f"round {round_of(result.round, rounds)}  {result.labels:>6} labels   accuracy "
        f"{percent(result.accuracy, 2):>8}{spread_of(result)}   "
        f"worst class {visible(result.worst_class)} {percent(worst, 1)}   {times}"
    )


def spread_of(result: RoundResult) -> str:
    """The 95 % interval of an accuracy that is measured on a sample."""
    if result.interval is None:
        return ""
    low, high = result.interval
    return f" ({percent(low)} to {percent(high)})"


def lost_line(name: str, result: RoundResult) -> str:
    """The line of a class that was learned and is no longer recognised."""
    lost = (
        f"class {visible(name)} is lost: learned before, and now none of its images is recognised"
    )
    return f"!! {lost} ({result.labels} labels)"


def seconds_of(result: RoundResult) -> dict[str, float]:
    """The seconds of a round, by phase."""
    return {
        "train": result.train_seconds,
        "score": result.score_seconds,
        "evaluate": result.eval_seconds,
    }


def show(line: str, style: str = "") -> None:
    """Prints one line unchanged, however long: names may look like rich's markup."""
    screen().print(Text(line, style), soft_wrap=True)


def screen() -> rich.console.Console:
    """Where to print: above a live bar, if any; without escape codes where it is no terminal."""
    if silent:
        return rich.console.Console(quiet=True)
    return (
        rich.get_console()
        if sys.stdout.isatty()
        else rich.console.Console(force_terminal=False, color_system=None)
    )


silent = False


def silence() -> None:
    """Prints no round from now on, since another process shows those of several runs."""
    global silent
    silent = True
