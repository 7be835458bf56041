"""Packed runs by sweep and strategy, and as a group that the report's statistics can compare."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import pandas as pd

from askwell.report.groups.group import Group
from askwell.report.reading.records import Records
from askwell.report.reading.schema import Appearance
from bench import claims, leaderboard, unlabelled
from bench.packing import SECONDS, Packed, by_class

Run = Mapping[str, Any]
BY_ROUND = ("labels", "accuracy", "cost", "wrong_labels", "diversity", *SECONDS)

FEWEST = 3
"""Seeds of every strategy that a board of the leaderboard needs to be shown."""


class NotPackedError(Exception):
    """Runs that a table or a sentence needs are not in results/ yet."""


@dataclass(frozen=True)
class Arm:
    """The runs of one strategy of a sweep, by seed."""

    sweep: str
    strategy: str
    runs: Mapping[int, Run]

    def values(self, number: Callable[[Run], float]) -> np.ndarray:
        """A number of each run [n], in the order of seeds."""
        return np.array([number(run) for run in self.runs.values()], float)

    @property
    def last_labels(self) -> int:
        """The labels with which all of the runs end."""
        (labels,) = {run["labels"][-1] for run in self.runs.values()}
        return labels


@dataclass(frozen=True)
class Sweep:
    """The arms of a sweep by strategy, with the seeds that all of them have."""

    name: str
    arms: Mapping[str, Arm]

    @cached_property
    def group(self) -> Group:
        """The runs as the report compares them."""
        named = {
            f"{strategy}-{seed}": (strategy, seed, run)
            for strategy, arm in self.arms.items()
            for seed, run in arm.runs.items()
        }
        runs = pd.DataFrame.from_dict(
            {name: facts(*one) for name, one in named.items()}, orient="index"
        ).rename_axis("run")
        curves = [
            {"run": name, "round": round, "labels": labels, "accuracy": accuracy}
            for name, (_, _, run) in named.items()
            for round, (labels, accuracy) in enumerate(
                zip(run["labels"], run["accuracy"], strict=True)
            )
        ]
        rows = [row for name, (_, _, run) in named.items() for row in last_round(name, run)]
        classes = pd.DataFrame(rows, columns=["run", "round", "class", "accuracy"])
        return Group(self.name, {}, Records(runs, pd.DataFrame(curves), classes, {}))


def facts(strategy: str, seed: int, run: Run) -> dict[str, Any]:
    """What the report knows of a run; all of these began with random images and are finished."""
    appearance = Appearance(**run.get("appearance", {}))
    return {
        **{"status": "finished", "started": "", "reason": None, "start": "random"},
        **{"strategy": strategy, "seed": seed, "rounds": len(run["labels"])},
        **{"title": strategy, "appearance": appearance},
        **{name: run[name] for name in ("initial_digest", "weights_digest")},
    }


def last_round(name: str, run: Run) -> list[dict[str, Any]]:
    """The accuracy of each class at the end; nothing where it was not packed."""
    if "classes" not in run:
        return []
    round, at_end = len(run["labels"]) - 1, run["class_accuracy"][-1]
    return [
        {"run": name, "round": round, "class": one, "accuracy": value}
        for one, value in zip(run["classes"], at_end, strict=True)
    ]


@cache
def sweep(name: str) -> Sweep:
    """A sweep of the claims by its name, a board of the leaderboard such as `mnist_5`, or
    `unlabelled`, whose arms are its studies.

    Raises NotPackedError where a sweep does not have ENOUGH seeds of every strategy, or all of its
    own; a board needs as many as its table does.
    """
    if name == "unlabelled":
        return Sweep(name, {study: Arm(name, study, runs) for study, runs in studies().items()})
    of_claim = name in claims.SWEEPS
    of_strategy = of_claims(name) if of_claim else of_board(name)
    seeds = sorted(set.intersection(*map(set, of_strategy.values())))
    enough = min(claims.ENOUGH, len(claims.SWEEPS[name].seeds)) if of_claim else FEWEST
    if len(seeds) < enough:
        raise NotPackedError(f"{name} has {len(seeds)} seeds of every strategy")
    arms = {
        strategy: Arm(name, strategy, {seed: runs[seed] for seed in seeds})
        for strategy, runs in of_strategy.items()
    }
    return Sweep(name, arms)


def of_claims(name: str) -> dict[str, dict[int, Run]]:
    """The packed runs of a sweep by strategy and seed."""
    wanted = claims.SWEEPS[name]
    found: dict[str, dict[int, Run]] = {strategy: {} for strategy in wanted.strategies}
    for run in packed_claims():
        job = run["job"]
        if (
            job["settings"] == wanted.settings
            and job["strategy"] in found
            and job["seed"] in wanted.seeds
        ):
            found[job["strategy"]][job["seed"]] = beginning(run, wanted.rounds)
    return found


def of_board(name: str) -> dict[str, dict[int, Run]]:
    """The packed runs of a board, `dataset_budget`, by strategy and seed."""
    dataset, budget = name.rsplit("_", 1)
    found: dict[str, dict[int, Run]] = {strategy: {} for strategy in leaderboard.STRATEGIES}
    for run in packed_boards():
        if (run["job"]["dataset"], str(run["job"]["budget"])) == (dataset, budget):
            found[run["job"]["strategy"]][run["job"]["seed"]] = run
    return found


@cache
def packed_boards() -> tuple[Run, ...]:
    return tuple(Packed(leaderboard.FILE))


@cache
def packed_claims() -> tuple[Run, ...]:
    return tuple(Packed(claims.FILE))


def beginning(run: Run, rounds: int | None) -> Run:
    """The first rounds of a run, or all of them, with its arrays by class [R, C] unpacked."""
    accuracy, counts = by_class(run)
    arrays = {"class_accuracy": accuracy[:rounds], "class_counts": counts[:rounds]}
    return {**run, **{name: run[name][:rounds] for name in BY_ROUND}, **arrays}


def studies() -> dict[str, dict[int, Run]]:
    """The packed runs that learn from unlabelled images, by study and seed."""
    found: dict[str, dict[int, Run]] = {}
    for run in Packed(unlabelled.FILE):
        found.setdefault(run["job"]["study"], {})[run["job"]["seed"]] = run
    return found
