"""Finished runs in a few hundred bytes each: the raw curve and the indices asked, in one file."""

import base64
import csv
import json
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench import program

Job = Mapping[str, str | int]
"""Settings that tell one job of a study from the others, such as strategy and seed."""

SECONDS = ("train_seconds", "score_seconds", "eval_seconds")
CLASS_UNIT = 1e-4


class Packed:
    """The finished jobs in `file`, one line each, in the order in which they finished."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __iter__(self) -> Iterator[dict[str, Any]]:
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return map(json.loads, lines)

    def missing(self, jobs: list[Job]) -> list[Job]:
        """Those of `jobs` that are not in the file, in their order."""
        done = [run["job"] for run in self]
        return [job for job in jobs if dict(job) not in done]

    def add(self, job: Job, folder: Path, **facts: Any) -> None:
        """Packs the finished run in `folder`, and what else is known of it."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a") as file:
            file.write(json.dumps({"job": dict(job), **packed(folder), **facts}) + "\n")


def packed(folder: Path) -> dict[str, Any]:
    """What of a run's folder its results are made from."""
    rounds, run = rounds_of(folder), json.loads((folder / "run.json").read_text())
    with (folder / "queries.csv").open(newline="") as file:
        asked = np.array([int(row["index"]) for row in csv.DictReader(file)], np.uint32)
    return {
        "labels": [line["labels"] for line in rounds],
        "accuracy": [line["accuracy"] for line in rounds],
        **records_of(rounds),
        "query_seconds": [round(line["score_seconds"], 4) for line in rounds[:-1]],
        "asked": pressed(asked),
        **{name: run[name] for name in ("initial_digest", "weights_digest", "git_commit")},
        **{name: run[name] for name in ("dataset_fingerprint", "device")},
    }


def details(folder: Path) -> dict[str, Any]:
    """What claims are judged by besides: classes, variety of the queries, seconds, the strategy's
    colour. Accuracies of classes are kept to 0.01 points.
    """
    rounds, run = rounds_of(folder), json.loads((folder / "run.json").read_text())
    classes = list(rounds[0]["class_accuracy"])
    accuracy = [[line["class_accuracy"][name] for name in classes] for line in rounds]
    counts = [[line["query_class_counts"].get(name, 0) for name in classes] for line in rounds]
    return {
        "classes": classes,
        "class_accuracy": pressed((np.array(accuracy) / CLASS_UNIT).round().astype(np.uint16)),
        "class_counts": pressed(np.array(counts, np.uint16)),
        "diversity": [
            [rounded(value) for value in (line["query_diversity"] or {}).values()]
            for line in rounds
        ],
        **{name: [round(line[name], 3) for line in rounds] for name in SECONDS},
        "appearance": run["appearance"],
    }


def rounds_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]


def records_of(rounds: list[dict[str, Any]]) -> dict[str, list[float | None]]:
    """What the rounds say of cost, wrong labels and steadiness; nothing where they are older."""
    if "steadiness" not in rounds[0]:
        return {}
    steady = [line["steadiness"] or {} for line in rounds]
    of_steadiness = {
        name: [rounded(one.get(name)) for one in steady] for name in ("uncertainty", "kappa")
    }
    return of_steadiness | {
        name: [line[name] for line in rounds] for name in ("cost", "wrong_labels")
    }


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 5)


def asked(run: Mapping[str, Any]) -> np.ndarray:
    """The indices that a packed run asked about, in the order of its queries."""
    return unpressed(run["asked"], np.uint32)


def by_class(run: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """The accuracy of each class in each round [R, C], and its labels bought for it [R, C]."""
    size = (len(run["labels"]), len(run["classes"]))
    accuracy, counts = (
        unpressed(run[name], np.uint16).reshape(size) for name in ("class_accuracy", "class_counts")
    )
    return accuracy * CLASS_UNIT, counts


def pressed(values: np.ndarray) -> str:
    """An array as text, without its type and shape."""
    return base64.b85encode(zlib.compress(values.tobytes(), 9)).decode()


def unpressed(text: str, kind: type[np.generic]) -> np.ndarray:
    return np.frombuffer(zlib.decompress(base64.b85decode(text)), kind)


def run_missing(
    packed: Packed,
    jobs: list[Job],
    overrides: Callable[[Job], list[str]],
    facts: Callable[[Path], Mapping[str, Any]] = lambda folder: {},
) -> None:
    """Runs the jobs that are not packed yet and packs each as it finishes, with `facts` of its
    folder besides.
    """
    for job in packed.missing(jobs):
        with tempfile.TemporaryDirectory() as folder:
            accuracy = program.run(*overrides(job), folder=Path(folder))
            packed.add(job, Path(folder), **facts(Path(folder)))
        print(*job.values(), f"{accuracy:.4f}", flush=True)


def share_of(jobs: list[Job], share: str) -> list[Job]:
    """Every n-th of the jobs from the k-th on, for a share `k/n`.

    >>> share_of([{"seed": 0}, {"seed": 1}, {"seed": 2}], "1/2")
    [{'seed': 1}]
    """
    first, step = map(int, share.split("/"))
    return jobs[first::step]
