"""The tables of RESULTS.md about the leaderboard, made from the packed runs and nothing else."""

from collections import defaultdict
from functools import cache
from statistics import mean
from typing import Any

import numpy as np

from askwell.learning_curve import area_under_curve, labels_to_target
from askwell.report.statistics.significance import SIGNIFICANCE, holm, paired_p
from bench.arms import FEWEST
from bench.leaderboard import FILE, STRATEGIES
from bench.packing import Packed
from bench.pages import DOCS, RESULTS, spread, table, write
from bench.ranks import drawing, mean_ranks

BASELINE = "random"
PICTURE = DOCS / "leaderboard-ranks.svg"
MARK = "leaderboard"
Areas = dict[str, dict[int, float]]
"""The area under the learning curve by strategy and seed."""


def main() -> None:
    """Writes the tables between their marks in RESULTS.md, and the picture of the ranks."""
    written = tables()
    if written is None:
        raise SystemExit(f"{FILE.name} has no board with {FEWEST} seeds of every strategy yet")
    block, picture = written
    write(RESULTS, MARK, block)
    PICTURE.write_text(picture)


def tables() -> tuple[str, str] | None:
    """All boards: mean areas and ranks, verdicts, labels to what random ends with, seconds; and
    the picture of the ranks. None as long as no board is complete.
    """
    runs, boards = list(Packed(FILE)), complete_boards()
    if not boards:
        return None
    ranks = ranks_of_all()
    picture = f"![Mean rank of each strategy with its interval](docs/{PICTURE.name})"
    parts = [standing(boards, ranks), picture, verdicts(boards), labels(boards, runs)]
    return "\n\n".join([*parts, seconds(runs)]), drawing(ranks, len(boards))


@cache
def complete_boards() -> dict[tuple[str, int], Areas]:
    """The boards that have enough seeds of every strategy."""
    found = areas_by_board(list(Packed(FILE)))
    whole = {board: whole_seeds(areas) for board, areas in sorted(found.items())}
    return {board: areas for board, areas in whole.items() if areas is not None}


@cache
def ranks_of_all() -> dict[str, tuple[float, float, float]]:
    """Each strategy's mean rank over these boards, and the ends of its interval."""
    return mean_ranks(complete_boards())


def areas_by_board(runs: list[dict[str, Any]]) -> dict[tuple[str, int], Areas]:
    """The mean accuracy over the labels of each run, in percent, by data set and budget."""
    boards: dict[tuple[str, int], Areas] = defaultdict(lambda: defaultdict(dict))
    for run in runs:
        job = run["job"]
        area = 100 * area_under_curve(run["labels"], run["accuracy"])
        boards[job["dataset"], job["budget"]][job["strategy"]][job["seed"]] = area
    return boards


def whole_seeds(areas: Areas) -> Areas | None:
    """The areas of the seeds that every strategy has; None where they are too few."""
    seeds = set.intersection(*(set(areas[name]) for name in STRATEGIES))
    if len(seeds) < FEWEST:
        return None
    return {name: {seed: areas[name][seed] for seed in sorted(seeds)} for name in STRATEGIES}


def standing(
    boards: dict[tuple[str, int], Areas], ranks: dict[str, tuple[float, float, float]]
) -> str:
    """Mean area ± standard deviation of each strategy on each board, and its mean rank."""
    heads = [
        f"{name}, {budget} per class, {len(next(iter(areas.values())))} seeds"
        for (name, budget), areas in boards.items()
    ]
    rows = [
        [f"`{name}`", *(cell(areas[name]) for areas in boards.values()), rank(*ranks[name])]
        for name in sorted(ranks, key=ranks.__getitem__)
    ]
    return table(["strategy", *heads, "mean rank"], rows)


def rank(mean: float, low: float, high: float) -> str:
    return f"{mean:.1f} ({low:.1f}–{high:.1f})"


def verdicts(boards: dict[tuple[str, int], Areas]) -> str:
    """On how many boards a strategy beats random, is like it or loses: paired t-tests over seeds,
    corrected by Holm for the strategies of a board.
    """
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for areas in boards.values():
        base = list(areas[BASELINE].values())
        others = [name for name in areas if name != BASELINE]
        corrected = holm(paired_p(list(areas[name].values()), base) for name in others)
        for name, p in zip(others, corrected, strict=True):
            gain = mean(areas[name].values()) - mean(base)
            counts[name][1 if p >= SIGNIFICANCE else (0 if gain > 0 else 2)] += 1
    rows = [
        [f"`{name}`", *map(str, found)]
        for name, found in sorted(counts.items(), key=lambda item: (-item[1][0], item[1][2]))
    ]
    return table(["against random", "better", "no difference shown", "worse"], rows)


def labels(boards: dict[tuple[str, int], Areas], runs: list[dict[str, Any]]) -> str:
    """How many labels a strategy needs, on average over seeds, for the accuracy with which random
    ends on that board; of how many seeds, where some do not get there.
    """
    curves = {tuple(run["job"].values()): run for run in runs}
    columns: list[list[str]] = []
    for (dataset, budget), areas in boards.items():
        by_name = {
            name: [curves[dataset, budget, name, seed] for seed in areas[name]]
            for name in STRATEGIES
        }
        target = mean(run["accuracy"][-1] for run in by_name[BASELINE])
        columns.append([f"{dataset}, {budget}: {100 * target:.1f} %"])
        columns[-1] += [needed(of_name, target) for of_name in by_name.values()]
    names = ["labels to random's last accuracy", *(f"`{name}`" for name in STRATEGIES)]
    head, *rows = (list(row) for row in zip(names, *columns, strict=True))
    return table(head, rows)


def needed(runs: list[dict[str, Any]], target: float) -> str:
    found = [labels_to_target(run["labels"], run["accuracy"], target) for run in runs]
    reached = [one for one in found if one is not None]
    if len(reached) < len(runs):
        return f"{len(reached)} of {len(runs)}"
    return f"{mean(reached):,.0f}"


def seconds(runs: list[dict[str, Any]]) -> str:
    """The median seconds of a query among 10,000 candidates of 256 features, by strategy."""
    times: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        if run["job"]["dataset"] != "fruits":
            times[run["job"]["strategy"]] += run["query_seconds"]
    rows = [[f"`{name}`", f"{np.median(own):.2g}"] for name, own in sorted(times.items())]
    return table(["strategy", "seconds per query, one thread"], rows)


def cell(areas: dict[int, float]) -> str:
    return spread([*areas.values()], ".1f")


if __name__ == "__main__":
    main()
