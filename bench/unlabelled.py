"""How few labels are enough where the rest of the pool teaches too? The experiment `unlabelled` on
three data sets, and the labels that each seed needs to the targets.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from askwell.learning_curve import labels_to_target
from bench import program
from bench.packing import Job, Packed

FILE = Path(__file__).parents[1] / "results" / "unlabelled.jsonl"
LIGHT = ("embedding.views.flip=true", "embedding.views.light=0.5")
UPRIGHT = tuple(f"embedding.views.{name}" for name in ("degrees=10", "shear=10", "elastic=0"))


class Study(NamedTuple):
    """What a data set is run with, and the accuracies that are aimed at."""

    dataset: str
    query_size: int
    rounds: int
    targets: tuple[float, ...]
    overrides: tuple[str, ...]


STUDIES = {
    "mnist": Study("mnist", 10, 5, (0.95, 0.97), ("embedding.epochs=4",)),
    "mnist_to_150": Study("mnist", 50, 3, (0.97, 0.99), ("embedding.epochs=4",)),
    "mnist_to_150_sm": Study("mnist", 50, 3, (0.97, 0.99), ("embedding.epochs=4", "strategy=sm")),
    "fruits": Study("fruits", 20, 3, (0.99,), ("embedding.epochs=10", LIGHT[0])),
    "fashion_mnist": Study(
        "fashion_mnist", 100, 3, (0.85,), ("embedding.epochs=1", *LIGHT, *UPRIGHT)
    ),
}


def main() -> None:
    """Runs the jobs that are missing, packs each as it finishes, and prints the table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--studies", nargs="*", default=list(STUDIES), choices=STUDIES)
    chosen = parser.parse_args()
    program.quiet()
    jobs: list[Job] = [
        {"study": name, "seed": seed} for name in chosen.studies for seed in range(chosen.seeds)
    ]
    for job in Packed(FILE).missing(jobs):
        with tempfile.TemporaryDirectory() as folder:
            program.run(*overrides(job), folder=Path(folder))
            Packed(FILE).add(job, Path(folder))
    Console().print(table())


def overrides(job: Job) -> list[str]:
    """The settings of a job, as `python train.py` takes them."""
    study = STUDIES[str(job["study"])]
    counts = (f"query_size={study.query_size}", f"rounds={study.rounds}", f"seed={job['seed']}")
    return ["experiment=unlabelled", f"dataset={study.dataset}", *counts, *study.overrides]


def table() -> Table:
    """Labels to the targets, mean and deviation over the seeds that reach them, and the accuracy at
    the end.
    """
    made = Table("study", "target", "labels", "seeds that reach it", "at the end")
    for name, study in STUDIES.items():
        runs = [run for run in Packed(FILE) if run["job"]["study"] == name]
        for target in study.targets if runs else ():
            needed = [labels_to_target(run["labels"], run["accuracy"], target) for run in runs]
            reached = [labels for labels in needed if labels is not None]
            ends = [100 * run["accuracy"][-1] for run in runs]
            end = f"{_spread(ends)} % with {runs[0]['labels'][-1]}"
            shares = f"{len(reached)} of {len(runs)}"
            made.add_row(name, f"{100 * target:.0f} %", _spread(reached), shares, end)
    return made


def _spread(values: Sequence[float]) -> str:
    if len(values) < 2:
        return f"{values[0]:.1f}" if values else ""
    return f"{mean(values):.1f} ± {stdev(values):.1f}"


if __name__ == "__main__":
    main()
