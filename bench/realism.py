"""Which strategies still beat random where pools are as real ones are? One board per dial."""

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from askwell.learning_curve import area_between
from askwell.report.statistics.significance import SIGNIFICANCE, holm, paired_p
from bench import program
from bench.leaderboard import DATASETS, ENCODER, SPLITS, dataset_settings, reduce, rows_file
from bench.packing import Job, Packed, run_missing
from bench.pages import DOCS, spread, table, write
from bench.standings import BASELINE, FEWEST

FILE = Path(__file__).parents[1] / "results" / "realism.jsonl"
PAGE, MARK = DOCS / "realism.md", "tables"

PLAIN = ("experiment=redundancy", "realism=none")
HUMAN = "experiment=human_labels"
REDUCED = ("embedding=file", *(f"embedding.{split}={{{split}}}" for split in SPLITS))
CIFAR = ("cifar10", ("query_size=50", *REDUCED))
DIGITS = ("mnist_mini", ("query_size=64", "rounds=25"))
FRUITS = ("fruits", ("query_size=10", ENCODER))
ONCE, AGAIN = "people, 17 % wrong", "the same, a fifth asked again"
"""Boards of as many answers each: all about new images, or some about labelled ones."""
BOARDS: dict[str, tuple[tuple[str, tuple[str, ...]], tuple[str, ...]]] = {
    "as it is": (CIFAR, PLAIN),
    "long tail": (CIFAR, ("experiment=long_tail",)),
    "strangers": (CIFAR, ("experiment=strangers",)),
    "costs": (CIFAR, ("experiment=costs",)),
    "confusion": (CIFAR, ("experiment=confusion",)),
    "people, 9 % wrong": (CIFAR, (HUMAN, "oracle.column=aggregate")),
    ONCE: (CIFAR, (HUMAN, "oracle.column=random1")),
    AGAIN: (
        CIFAR,
        (HUMAN, "oracle.column=[random1,random2,random3]", "protocol.relabel=0.2"),
    ),
    "people, 40 % wrong": (CIFAR, (HUMAN, "oracle.column=worst")),
    "digits, network": (DIGITS, ("experiment=paper_mini",)),
    "fruits, as it is": (FRUITS, PLAIN),
    "fruits, redundancy": (FRUITS, ("experiment=redundancy",)),
}
"""What a job runs on, and the experiment that it is a job of."""
STRATEGIES = (
    *("random", "lc", "entropy", "sm", "stochastic", "stratified"),
    *("cluster_margin", "badge"),
)
"""Those whose queries together take less than half a minute a run."""

Values = dict[str, dict[int, float]]
"""A number by strategy and seed."""


def main() -> None:
    """Runs the jobs that are missing, seed by seed, packs each as it finishes, and with --tables
    writes what the packed ones show.
    """
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--boards", nargs="+", default=list(BOARDS), choices=BOARDS)
    parser.add_argument("--strategies", nargs="+", default=list(STRATEGIES))
    parser.add_argument("--tables", action="store_true", help="run nothing, write the tables")
    chosen = parser.parse_args()
    if chosen.tables:
        write(PAGE, MARK, tables(list(Packed(FILE))))
        return
    program.quiet()
    if any(BOARDS[name][0] is CIFAR for name in chosen.boards):
        reduce(CIFAR[0])
    run_missing(Packed(FILE), list(jobs(chosen.boards, chosen.strategies, chosen.seeds)), overrides)


def jobs(boards: list[str], strategies: list[str], seeds: int) -> Iterator[Job]:
    """All boards of a seed before the next seed."""
    for seed in range(seeds):
        for board in boards:
            for strategy in strategies:
                yield {"board": board, "strategy": strategy, "seed": seed}


def overrides(job: Job) -> list[str]:
    """The settings of a job, as `python train.py` takes them."""
    (dataset, of_dataset), of_board = BOARDS[str(job["board"])]
    files = {split: rows_file(dataset, split) for split in SPLITS}
    return [
        *(of_board[0], "hydra.mode=RUN", "trainer=cpu"),
        *(dataset_settings(dataset) if dataset in DATASETS else [f"dataset={dataset}"]),
        *(setting.format(**files) for setting in of_dataset),
        *of_board[1:],
        *(f"strategy={job['strategy']}", f"seed={job['seed']}"),
    ]


def tables(runs: list[dict[str, Any]]) -> str:
    """The gain of each strategy over random on each board, then what it bought."""
    boards = by_board(runs, BOARDS)
    areas = {name: areas_of(of_board) for name, of_board in boards.items()}
    parts = [gains(areas, STRATEGIES)]
    if {ONCE, AGAIN} <= areas.keys():
        parts.append(asked_again(areas[ONCE], areas[AGAIN]))
    wrong = {name: share(one, wrong_share) for name, one in boards.items() if name != AGAIN}
    strangers = {name: share(of_board, stranger_share) for name, of_board in boards.items()}
    prices = {name: share(of_board, mean_price) for name, of_board in boards.items()}
    for title, found in (
        ("wrong labels among all, %", wrong),
        ("answers `none of these` among all, %", strangers),
        ("price of a label", prices),
    ):
        shown = {name: values for name, values in found.items() if differs(values)}
        parts += [bought(title, shown)] if shown else []
    return "\n\n".join(parts)


def by_board(runs: list[dict[str, Any]], boards: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """The runs of each board, of the seeds that every strategy has, if they are enough."""
    found = {}
    for name in boards:
        of_board = [run for run in runs if run["job"]["board"] == name]
        of_strategy: dict[str, set[int]] = defaultdict(set)
        for run in of_board:
            of_strategy[run["job"]["strategy"]].add(run["job"]["seed"])
        seeds = set.intersection(*of_strategy.values()) if of_strategy else set()
        if len(seeds) >= FEWEST:
            found[name] = [run for run in of_board if run["job"]["seed"] in seeds]
    return found


def areas_of(runs: list[dict[str, Any]]) -> Values:
    """The mean accuracy in percent over the costs that all runs of a board share."""
    low = max(run["cost"][0] for run in runs)
    high = min(run["cost"][-1] for run in runs)
    return share(runs, lambda run: 100 * area_between(run["cost"], run["accuracy"], low, high))


def share(runs: list[dict[str, Any]], number: Any) -> Values:
    """A number of each run."""
    found: Values = defaultdict(dict)
    for run in runs:
        found[run["job"]["strategy"]][run["job"]["seed"]] = number(run)
    return found


def wrong_share(run: dict[str, Any]) -> float:
    return 100 * sum(run["wrong_labels"]) / run["labels"][-1]


def stranger_share(run: dict[str, Any]) -> float:
    """Without prices an answer costs 1, with or without a label."""
    return (
        0.0 if "costs" in run["job"]["board"] else 100 * (1 - run["labels"][-1] / run["cost"][-1])
    )


def mean_price(run: dict[str, Any]) -> float:
    return run["cost"][-1] / run["labels"][-1] if "costs" in run["job"]["board"] else 0.0


def differs(values: Values) -> bool:
    return any(any(of_strategy.values()) for of_strategy in values.values())


def gains(areas: dict[str, Values], strategies: Sequence[str]) -> str:
    """The paired gain over random, mean ± standard deviation over seeds; bold where a t-test that
    Holm corrects for the strategies of a board shows it.
    """
    head = ["strategy", *(f"{name}, {len(of[BASELINE])} seeds" for name, of in areas.items())]
    rows = [
        [f"`{BASELINE}`, area", *(f"{mean(of[BASELINE].values()):.1f}" for of in areas.values())]
    ]
    columns = {name: _gains_of(of) for name, of in areas.items()}
    for strategy in strategies[1:]:
        if not any(strategy in column for column in columns.values()):
            continue
        rows.append([f"`{strategy}`", *(column.get(strategy, "") for column in columns.values())])
    return table(head, rows)


def asked_again(once: Values, again: Values) -> str:
    """What asking again gains on asking about new images alone, paired over seeds by strategy; p by
    a t-test that Holm corrects for the strategies.
    """
    both = {name: (own, once[name]) for name, own in again.items() if name in once}
    rows = [[f"`{name}`", text, f"{p:.3f}"] for name, (text, p) in differences(both).items()]
    return table(["a fifth of the answers asked again", "gain of area", "p, corrected"], rows)


def _gains_of(areas: Values) -> dict[str, str]:
    pairs = {name: (own, areas[BASELINE]) for name, own in areas.items() if name != BASELINE}
    return {
        name: f"**{text}**" if p < SIGNIFICANCE else text
        for name, (text, p) in differences(pairs).items()
    }


def differences(
    pairs: Mapping[str, tuple[dict[int, float], dict[int, float]]],
) -> dict[str, tuple[str, float]]:
    """What is printed of the differences of two numbers by seed, and the p of a paired t-test that
    Holm corrects for all pairs. The second has the seeds that count.
    """
    found = {
        name: ([own[seed] for seed in base], list(base.values()))
        for name, (own, base) in pairs.items()
    }
    corrected = holm(paired_p(own, base) for own, base in found.values())
    return {
        name: (spread([one - other for one, other in zip(own, base, strict=True)], "+.1f"), p)
        for (name, (own, base)), p in zip(found.items(), corrected, strict=True)
    }


def bought(title: str, boards: dict[str, Values]) -> str:
    rows = [
        [f"`{name}`", *(_mean_of(of.get(name)) for of in boards.values())]
        for name in STRATEGIES
        if any(name in of for of in boards.values())
    ]
    return table([title, *boards], rows)


def _mean_of(values: dict[int, float] | None) -> str:
    return f"{mean(values.values()):.1f}" if values else ""


if __name__ == "__main__":
    main()
