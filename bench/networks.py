"""Does the order of the leaderboard hold for networks that are trained anew each round? And does
BatchBALD need as few labels as its authors report?
"""

import argparse
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from bench import program
from bench.packing import Job, Packed, run_missing, share_of
from bench.pages import table
from bench.realism import areas_of, by_board, gains

FILE = program.ROOT / "results" / "networks.jsonl"


class Board(NamedTuple):
    """The settings of a study, and the strategies that it compares, with settings of their own."""

    overrides: tuple[str, ...]
    strategies: dict[str, tuple[str, ...]]


ANEW = ("protocol=retrain", "protocol.candidates=10000", "rounds=21")
BATCH_BALD = "BatchBALD's protocol"
DRAWS = ("strategy.draws=100",)
BOARDS = {
    **{
        f"{dataset}, {budget} per class": Board(
            (*ANEW, f"dataset={dataset}", f"query_size={10 * budget}"),
            dict.fromkeys(("random", "sm", "badge", "typiclust", "herding", "bait"), ()),
        )
        for budget in (1, 5)
        for dataset in ("fruits", "mnist")
    },
    BATCH_BALD: Board(
        ("experiment=small_queries", "model.network.dropout=0.5", "draws=dropout"),
        {"random": (), "bald": DRAWS, "batch_bald": DRAWS},
    ),
}
PUBLISHED = {
    ("bald", 0.9): "130 / 130 / 180",
    ("bald", 0.95): "260 / 260 / >300",
    ("batch_bald", 0.9): "80 / 100 / 120",
    ("batch_bald", 0.95): "200 / 210 / 240",
}
"""Quartiles over six seeds of the labels trained on, 10 a query and 100 draws, from the authors'
records (github.com/BlackHC/BatchBALD, laaos_results/paper).
"""


def main() -> None:
    """Runs the jobs that are missing, seed by seed, packs each as it finishes, and with --tables
    prints what the packed ones show.
    """
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--boards", nargs="+", default=list(BOARDS), choices=BOARDS)
    parser.add_argument("--share", default="0/1", help="k/n: every n-th job from the k-th on")
    parser.add_argument("--tables", action="store_true", help="run nothing, print the tables")
    chosen = parser.parse_args()
    if chosen.tables:
        print(tables(list(Packed(FILE))))
        return
    program.quiet()
    run_missing(
        Packed(FILE), share_of(list(jobs(chosen.boards, chosen.seeds)), chosen.share), overrides
    )


def jobs(boards: list[str], seeds: int) -> Iterator[Job]:
    """All boards of a seed before the next seed."""
    for seed in range(seeds):
        for board in boards:
            for strategy in BOARDS[board].strategies:
                yield {"board": board, "strategy": strategy, "seed": seed}


def overrides(job: Job) -> list[str]:
    """The settings of a job, as `python train.py` takes them."""
    board, strategy = BOARDS[str(job["board"])], str(job["strategy"])
    words = [f"strategy={strategy}", f"seed={job['seed']}", "hydra.mode=RUN", "trainer=cpu"]
    return [*board.overrides, *words, *board.strategies[strategy]]


def tables(runs: list[dict[str, Any]]) -> str:
    """The gain of each strategy over random on each board, then BatchBALD beside what is published
    of it.
    """
    boards = by_board(runs, BOARDS)
    published = boards.pop(BATCH_BALD, None)
    areas = {name: areas_of(of_board) for name, of_board in boards.items()}
    strategies = list(BOARDS["mnist, 1 per class"].strategies)
    parts = [gains(areas, strategies)] if areas else []
    return "\n\n".join(parts + ([batch_bald(published)] if published else []))


def batch_bald(runs: list[dict[str, Any]]) -> str:
    """Quartiles over the seeds of the labels at the first round that reaches a target, as the
    authors count.
    """
    rows = []
    for strategy in BOARDS[BATCH_BALD].strategies:
        own = [run for run in runs if run["job"]["strategy"] == strategy]
        reached = [quartiles([first_at(run, target) for run in own]) for target in (0.9, 0.95)]
        known = [PUBLISHED.get((strategy, target), "") for target in (0.9, 0.95)]
        cells = [cell for pair in zip(reached, known, strict=True) for cell in pair]
        rows.append([f"`{strategy}`", str(len(own)), *cells])
    head = ["strategy", "seeds", "labels to 90 %", "published", "to 95 %", "published"]
    return table(head, rows)


def first_at(run: dict[str, Any], target: float) -> float:
    """Infinite where the target is not reached."""
    found = [
        n for n, reached in zip(run["labels"], run["accuracy"], strict=True) if reached >= target
    ]
    return found[0] if found else np.inf


def quartiles(labels: list[float]) -> str:
    """
    >>> quartiles([130, 120, 180, np.inf])
    '120 / 130 / 180'
    """
    found = np.quantile(labels, (0.25, 0.5, 0.75), method="lower")
    return " / ".join("not reached" if np.isinf(one) else f"{one:.0f}" for one in found)


if __name__ == "__main__":
    main()
