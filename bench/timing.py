"""Measuring: contenders in turns within one process, so that what slows the machine slows them
all.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RUNS = 5
"""Runs of every contender, at the least, behind a published figure."""

Contender = Callable[[int], Any]
"""Does the whole work once and returns what came of it; takes the number of the run, from 0, as a
seed.
"""


@dataclass(frozen=True)
class Measurement:
    """The runs of one contender, in order."""

    seconds: list[float]
    results: list[Any]

    @property
    def median(self) -> float:
        """Seconds of the middle run."""
        return statistics.median(self.seconds)

    def of(self, base: "Measurement") -> float:
        """How many times as long as `base` it takes: the median of the ratios within a turn, since
        other work slows whole turns. Turns that one of the two left out do not count.

        >>> Measurement([2.0, 9.0, 8.0], []).of(Measurement([1.0, 3.0], []))
        2.5
        """
        turns = zip(self.seconds, base.seconds, strict=False)
        return statistics.median(own / other for own, other in turns)


def in_turns(
    contenders: Mapping[str, Contender],
    runs: int,
    warm_up: bool = False,
    fewer: Mapping[str, int] | None = None,
) -> dict[str, Measurement]:
    """Runs every contender `runs` times, one after the other in each turn; those in `fewer` in its
    first turns only.

    `warm_up` adds a first turn that is not counted.
    """
    turns = dict.fromkeys(contenders, runs) | dict(fewer or {})
    measured: dict[str, Measurement] = {name: Measurement([], []) for name in contenders}
    for run in range(-1 if warm_up else 0, runs):
        for name, work in contenders.items():
            if run >= turns[name]:
                continue
            start = time.perf_counter()
            result = work(max(run, 0))
            seconds = time.perf_counter() - start
            if run >= 0:
                measured[name].seconds.append(seconds)
                measured[name].results.append(result)
    return measured


def options(description: str, **numbers: Any) -> argparse.ArgumentParser:
    """A script's options: those that all have, and one for each of `numbers` with its default."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--runs", type=int, default=RUNS, help=f"runs of every contender ({RUNS})")
    parser.add_argument(
        "--quick", action="store_true", help="small and once, only to see that it works; no JSON"
    )
    parser.add_argument(
        "--output", type=Path, help="where the JSON goes; bench/results unless said otherwise"
    )
    for name, default in numbers.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=type(default), default=default, help=f"({default})"
        )
    return parser


def parsed(parser: argparse.ArgumentParser, **quick: Any) -> argparse.Namespace:
    """The options given; with --quick one run, and `quick` for what was left at its default."""
    chosen = parser.parse_args()
    for name, value in {"runs": 1, **quick}.items() if chosen.quick else ():
        if getattr(chosen, name) == parser.get_default(name):
            setattr(chosen, name, value)
    return chosen
