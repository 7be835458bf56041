"""Run folders made by hand, as the result contract has them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from askwell.report.groups.group import Group
from askwell.report.groups.grouping import group_runs
from askwell.report.reading.records import read

STEP = 10
"""Labels bought for each round."""


def write_run(
    sweep: Path,
    strategy: str = "random",
    seed: int = 0,
    accuracies: Sequence[float] = (0.5, 0.9),
    **facts: Any,
) -> Path:
    """A finished run of two classes, both recognised alike, that was measured at 10, 20, 30 …
    labels.
    """
    folder = sweep / f"{strategy}-{seed}-{len(list(sweep.glob('*')))}"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(run_facts(strategy, seed) | facts))
    rounds = [round_facts(number, accuracy) for number, accuracy in enumerate(accuracies)]
    (folder / "rounds.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rounds))
    return folder


def run_facts(strategy: str, seed: int) -> dict[str, Any]:
    """run.json of a finished run; the start depends on the seed alone."""
    return {
        **{
            "status": "finished",
            "reason": "rounds",
            "name": "study",
            "strategy": strategy,
            "seed": seed,
        },
        **{"dataset": "mnist", "model": "cnn2", "protocol": "paper", "oracle": "truth"},
        **{
            "query_size": STEP,
            "initial_size": STEP,
            "pool": 100,
            "evaluation": 50,
            "classes": ["0", "1"],
        },
        **{
            "initial_digest": f"images {seed}",
            "weights_digest": f"weights {seed}",
            "dataset_fingerprint": "f",
        },
        **{
            "versions": {"torch": "2"},
            "device": "cpu",
            "wall_seconds": 9.0,
            "command": "python train.py -m seed=0,1",
        },
    }


def round_facts(number: int, accuracy: float, **facts: Any) -> dict[str, Any]:
    """A line of rounds.jsonl."""
    return {
        **{
            "round": number,
            "labels": STEP * (number + 1),
            "accuracy": accuracy,
            "loss": 1.0,
            "pool_size": 90,
        },
        **{
            "class_accuracy": {"0": accuracy, "1": accuracy},
            "query_class_counts": {"0": 4, "1": 6},
        },
        **{"train_seconds": 1.0, "score_seconds": 2.0, "eval_seconds": 1.0, "lost_classes": []},
        **facts,
    }


def rewrite_round(folder: Path, number: int, **facts: Any) -> None:
    """Puts other facts into one round of a run."""
    path = folder / "rounds.jsonl"
    rounds = [json.loads(line) for line in path.read_text().splitlines()]
    rounds[number] |= facts
    path.write_text("".join(json.dumps(each) + "\n" for each in rounds))


def groups_of(sweep: Path) -> tuple[Group, ...]:
    """What the runs are compared in."""
    return group_runs(read([sweep], sweep))


def group_of(sweep: Path) -> Group:
    """The one group of the runs."""
    (group,) = groups_of(sweep)
    return group
