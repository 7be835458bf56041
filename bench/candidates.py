"""What does it cost in labels to score a part of the pool? `protocol.candidates` on the paper's
MNIST run, shortened.
"""

import argparse
from collections.abc import Iterator
from statistics import mean, median
from typing import Any

from askwell.learning_curve import area_under_curve, labels_to_target
from bench import program
from bench.packing import Job, Packed, run_missing
from bench.pages import BENCHMARKS, spread, table, write

FILE = program.ROOT / "results" / "candidates.jsonl"
MARK = "candidates"
COUNTS = ("null", "10000", "1000")
"""Random images of the pool that a strategy sees each round; null for all."""
STRATEGIES = ("lc", "sm")
ROUNDS = 10
TARGETS = (0.90, 0.95)


def main() -> None:
    """Runs the jobs that are missing, packs each as it finishes, and writes the table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--table", action="store_true", help="run nothing, write the table")
    chosen = parser.parse_args()
    if not chosen.table:
        program.quiet()
        run_missing(Packed(FILE), list(jobs(chosen.seeds)), overrides)
    write(BENCHMARKS, MARK, rows_of(list(Packed(FILE))))


def jobs(seeds: int) -> Iterator[Job]:
    """All jobs of a seed before the next."""
    for seed in range(seeds):
        for count in COUNTS:
            for strategy in STRATEGIES:
                yield {"candidates": count, "strategy": strategy, "seed": seed}


def overrides(job: Job) -> list[str]:
    """The settings of a job, as `python train.py` takes them."""
    return [
        *("experiment=paper_mnist", "hydra.mode=RUN", "trainer=cpu", "threads=1"),
        *(f"rounds={ROUNDS}", f"protocol.candidates={job['candidates']}"),
        *(f"strategy={job['strategy']}", f"seed={job['seed']}"),
    ]


def rows_of(runs: list[dict[str, Any]]) -> str:
    """The mean over seeds of each part, and its paired difference to the whole pool."""
    found = {
        (one["job"]["candidates"], one["job"]["strategy"], one["job"]["seed"]): one for one in runs
    }
    rows = []
    for strategy in STRATEGIES:
        seeds = shared_seeds(found, strategy)
        whole = [found["null", strategy, seed] for seed in seeds]
        for count in COUNTS if seeds else ():
            own = [found[count, strategy, seed] for seed in seeds]
            rows.append([f"`{strategy}`", seen(count), *cells(own, whole, count == "null")])
    targets = [f"labels to {100 * target:.0f} %" for target in TARGETS]
    head = ["strategy", "candidates", "area, %", "against all", *targets, "seconds a query"]
    return table(head, rows)


def shared_seeds(found: dict[tuple[str, str, int], Any], strategy: str) -> list[int]:
    """The seeds of which every part has run."""
    of_each = [
        {seed for count, name, seed in found if (count, name) == (one, strategy)} for one in COUNTS
    ]
    return sorted(set.intersection(*of_each))


def seen(count: str) -> str:
    return "all" if count == "null" else f"{int(count):,}"


def cells(own: list[dict[str, Any]], whole: list[dict[str, Any]], is_whole: bool) -> list[str]:
    areas, of_all = areas_of(own), areas_of(whole)
    apart = [one - other for one, other in zip(areas, of_all, strict=True)]
    return [
        f"{mean(areas):.2f}",
        "" if is_whole else spread(apart, ".2f"),
        *(needed(own, target) for target in TARGETS),
        f"{median(time for one in own for time in one['query_seconds']):.2g}",
    ]


def areas_of(runs: list[dict[str, Any]]) -> list[float]:
    """The mean accuracy over the labels of each run, in percent."""
    return [100 * area_under_curve(one["labels"], one["accuracy"]) for one in runs]


def needed(runs: list[dict[str, Any]], target: float) -> str:
    """Labels to a target, mean ± deviation; how many get there where not all do."""
    labels = [labels_to_target(one["labels"], one["accuracy"], target) for one in runs]
    reached = [one for one in labels if one is not None]
    return spread(reached, ".0f") if len(reached) == len(runs) else f"{len(reached)} of {len(runs)}"


if __name__ == "__main__":
    main()
