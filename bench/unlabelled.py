"""How few labels are enough where the rest of the pool teaches too? The experiment `unlabelled` on
three data sets, and the labels that each seed needs to the targets.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from askwell.learning_curve import labels_to_targets
from bench import program
from bench.packing import Job, Packed
from bench.pages import DOCS, spread, table, write

FILE = Path(__file__).parents[1] / "results" / "unlabelled.jsonl"
PAGE, MARK = DOCS / "unlabelled.md", "tables"
LIGHT = ("embedding.views.flip=true", "embedding.views.light=0.5")
UPRIGHT = tuple(f"embedding.views.{name}" for name in ("degrees=10", "shear=10", "elastic=0"))

SEMI = (
    *("model=finetune_cosine", "protocol=semi", "protocol.semi.alignment=0"),
    *("protocol.epochs_per_round=300", "+trainer.precision=bf16-mixed"),
)
"""15,000 steps on labelled and unlabelled images together, for a single round."""


class Study(NamedTuple):
    """What a data set is run with, and the accuracies that are aimed at, in percent."""

    title: str
    dataset: str
    query_size: int
    rounds: int
    targets: tuple[float, ...]
    epochs: int
    overrides: tuple[str, ...] = ()


STUDIES = {
    "mnist": Study("MNIST", "mnist", 10, 5, (95, 97), 4),
    "mnist_to_150": Study("MNIST", "mnist", 50, 3, (97, 99), 4),
    "mnist_to_150_sm": Study(
        "MNIST, `sm` after the first query", "mnist", 50, 3, (97, 99), 4, ("strategy=sm",)
    ),
    "mnist_long": Study("MNIST", "mnist", 10, 5, (95, 97), 40),
    "mnist_long_to_150": Study("MNIST", "mnist", 50, 3, (97, 99), 40),
    "mnist_long_to_150_sm": Study(
        "MNIST, `sm` after the first query", "mnist", 50, 3, (97, 99), 40, ("strategy=sm",)
    ),
    "mnist_semi": Study(
        "MNIST, by FixMatch from the encoder's weights", "mnist", 150, 1, (99,), 10, SEMI
    ),
    "fruits": Study("Fruits-360, ten classes", "fruits", 20, 3, (99,), 10, LIGHT[:1]),
    "fashion_mnist": Study("Fashion-MNIST", "fashion_mnist", 100, 3, (85,), 20, (*LIGHT, *UPRIGHT)),
}


def main() -> None:
    """Runs the jobs that are missing, packs each as it finishes, and writes the table."""
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
    write(PAGE, MARK, tables())


def overrides(job: Job) -> list[str]:
    """The settings of a job, as `python train.py` takes them."""
    study = STUDIES[str(job["study"])]
    counts = (f"query_size={study.query_size}", f"rounds={study.rounds}", f"seed={job['seed']}")
    own = (f"dataset={study.dataset}", f"embedding.epochs={study.epochs}", *study.overrides)
    return ["experiment=unlabelled", *own, *counts]


def tables() -> str:
    """Labels to the targets, mean and deviation over the seeds that reach them, and the accuracy at
    the end.
    """
    rows = []
    for name, study in STUDIES.items():
        runs = [run for run in Packed(FILE) if run["job"]["study"] == name]
        for target in study.targets if runs else ():
            own = (study.title, str(study.query_size), str(study.epochs), f"{target} %")
            rows.append([*own, *found(runs, target)])
    head = ["", "labels per query", "epochs of the encoder", "target"]
    return table([*head, "seeds that reach it", "labels to it", "at the end, %"], rows)


def found(runs: Sequence[dict[str, Any]], target: float) -> list[str]:
    """How many runs reach a target, with how many labels, and the accuracy at the end."""
    needed = [labels_to_targets(run["labels"], run["accuracy"], [target / 100])[0] for run in runs]
    reached = [float(labels) for labels in needed if not np.isnan(labels)]
    ends = [100 * run["accuracy"][-1] for run in runs]
    end = f"{spread(ends, '.1f')} with {runs[0]['labels'][-1]}"
    return [f"{len(reached)} of {len(runs)}", spread(reached, ".1f"), end]


if __name__ == "__main__":
    main()
