"""How good is the classifier after 10, 20 and 30 minutes of labelling? A person by script answers
on the page of `askwell label`, with real people's labels where there are some.

Each run is then repeated by oracle=replay, which must ask the same and measure the same, round by
round, and end with the same network. What it measures besides is the accuracy on test images of the
data set, of which the page knows nothing.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from askwell.command.scripted_person import ScriptedPerson
from bench import program
from bench.labelled_photos import served
from bench.on_test_images import measured, setting, write_rows
from bench.packing import Job, Packed
from bench.pages import BENCHMARKS, spread, write
from bench.person_photos import Photos, classes_of, pool, test
from bench.replaying import record, replay

FILE = program.ROOT / "results" / "person.jsonl"
MARK = "person"
PLACE = program.ROOT / ".cache" / "person"
"""Of the photos, the rows of the encoder, and the runs."""

SECONDS = 4.2
"""For an answer: the median of the 747 people who labelled CIFAR-10 (Wei et al., ICLR 2022)."""
MINUTES = (10, 20, 30)
PATIENCE = 3600
"""Seconds that a whole run may take at most."""

DATASETS = {"cifar10": "CIFAR-10, real people's labels", "fruits": "Fruits-360", "mnist": "MNIST"}
STRATEGIES = {
    "random": ("strategy=random", "initial=random"),
    "sm": ("strategy=sm",),
    "switch": ("strategy=switch",),
    "herding": ("strategy=herding",),
    "bait": ("strategy=bait",),
}
"""All begin with typiclust, as `askwell label` does, except random, which is without a strategy."""


class Size(NamedTuple):
    """Images of the pool and for the test, and rounds of 20 labels."""

    pool: int
    test: int
    rounds: int


WHOLE, QUICK = Size(5000, 2000, 16), Size(300, 100, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--datasets", nargs="+", default=list(DATASETS), choices=DATASETS)
    parser.add_argument("--strategies", nargs="+", default=list(STRATEGIES), choices=STRATEGIES)
    parser.add_argument("--table", action="store_true", help="run nothing, write the table")
    parser.add_argument("--quick", action="store_true", help="small, and no file")
    chosen = parser.parse_args()
    jobs: list[Job] = [
        {"dataset": dataset, "strategy": strategy, "seed": seed}
        for seed in range(chosen.seeds)
        for strategy in chosen.strategies
        for dataset in chosen.datasets
    ]
    program.quiet()
    if chosen.quick:
        with tempfile.TemporaryDirectory() as place:
            packed = Packed(Path(place) / "person.jsonl")
            work(jobs, packed, Path(place), QUICK)
            print(table(list(packed)))
        return
    if not chosen.table:
        work(jobs, Packed(FILE), PLACE, WHOLE)
    write(BENCHMARKS, MARK, table(list(Packed(FILE))))


def work(jobs: list[Job], packed: Packed, place: Path, size: Size) -> None:
    """Runs the jobs that are missing, and packs each as it finishes."""
    for job in packed.missing(jobs):
        dataset = str(job["dataset"])
        folder, cache, rows = (place / dataset / name for name in ("", "cache", "test.npz"))
        photos = pool(dataset, folder / "photos", size.pool)
        asked = answered(job, photos, size.rounds)
        write_rows(rows, test(dataset, folder / "test", size.test), asked, cache)
        with tempfile.TemporaryDirectory() as name:
            repeated = Path(name)
            replay(asked, cache, repeated, setting(rows, repeated))
            facts = {"answers": answers(repeated), "test_accuracy": measured(repeated)}
            packed.add(job, repeated, **facts)
        print(*job.values(), "equal to its replay", flush=True)


def settings(job: Job, rounds: int) -> list[str]:
    """What a job sets besides what `askwell label` sets by itself."""
    counts = (f"seed={job['seed']}", f"rounds={rounds}")
    return [*STRATEGIES[str(job["strategy"])], *counts, "threads=1"]


def answered(job: Job, photos: Photos, rounds: int) -> Path:
    """The folder of the run, once a person has answered on the page all that it asks."""
    name = f"{job['strategy']}-{job['seed']}"
    with served(photos.folder, name, *settings(job, rounds), classes=classes_of(photos)) as address:
        person = ScriptedPerson(address, photos.tell(), SECONDS)
        person.answer_until(lambda state: state["runs"][0]["status"] == "finished", PATIENCE)
    return photos.folder.parent / "outputs" / name


def answers(folder: Path) -> list[int]:
    """All answers until each round, those about the evaluation sample included."""
    sample = json.loads((folder / "run.json").read_text())["evaluation"]
    return [sample + line["cost"] for line in record(folder)["rounds"]]


def table(runs: Sequence[dict[str, Any]]) -> str:
    """The rows of BENCHMARKS.md: the accuracy on test images after so many minutes, in percent.

    >>> job = {"dataset": "mnist", "strategy": "sm", "seed": 0}
    >>> run = {"job": job, "answers": [120, 140, 280], "test_accuracy": [0.5, 0.625, 0.75]}
    >>> print(table([run]))
    | | strategy | 10 minutes | 20 minutes | 30 minutes |
    | --- | --- | ---: | ---: | ---: |
    | MNIST | sm | 62.5 | 75.0 | 75.0 |
    """
    lines = [["", "strategy", *(f"{minutes} minutes" for minutes in MINUTES)]]
    lines += [["---", "---", *("---:" for _ in MINUTES)]]
    for dataset, title in DATASETS.items():
        for strategy in STRATEGIES:
            job = {"dataset": dataset, "strategy": strategy}
            found = [run for run in runs if job.items() <= run["job"].items()]
            if found:
                cells = [
                    spread([after(minutes, run) for run in found], ".1f") for minutes in MINUTES
                ]
                lines.append([title, strategy, *cells])
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines)


def after(minutes: float, run: dict[str, Any]) -> float:
    """The accuracy of the last round that was trained within the minutes, in percent."""
    pairs = zip(run["answers"], run["test_accuracy"], strict=True)
    return [100 * accuracy for answers, accuracy in pairs if answers * SECONDS <= 60 * minutes][-1]


if __name__ == "__main__":
    main()
