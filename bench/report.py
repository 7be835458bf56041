"""What does the report of a large sweep cost? Run folders made up of noise, in as many groups as it
compares.
"""

import json
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from askwell.report import write_report
from bench.publishing import publish
from bench.timing import in_turns, options, parsed

CLASSES = [str(number) for number in range(10)]
STRATEGIES = {"random": 0.5, "lc": 0.8}
"""How fast each learns, in inverse hundreds of labels."""

SEEDS = 5
ROUNDS = 25
QUERY_SIZE = 32


def main() -> None:
    """Times the report, in seconds of the clock and of the processor."""
    parser = options("The report of a sweep.", groups=20)
    chosen = parsed(parser, groups=2)
    with tempfile.TemporaryDirectory() as folder:
        sweep = Path(folder) / "sweep"
        for group, strategy, seed in product(range(chosen.groups), STRATEGIES, range(SEEDS)):
            write_run(sweep / f"{group}-{strategy}-{seed}", group, strategy, seed)
        measured = in_turns(
            {"report": lambda _: processor_seconds(sweep, Path(folder))}, chosen.runs
        )["report"]
    row = {
        "runs": chosen.groups * len(STRATEGIES) * SEEDS,
        "groups": chosen.groups,
        "seconds": measured.median,
    }
    used = float(np.median(measured.results))
    each = {"_seconds of each": measured.seconds, "_of the processor each": measured.results}
    publish("report", "The report of a sweep", [row | {"of the processor": used} | each], chosen)


def processor_seconds(sweep: Path, output: Path) -> float:
    """Seconds that the processor spends on the report; not those of importing pandas and
    matplotlib.
    """
    start = time.process_time()
    write_report([sweep], output)
    return time.process_time() - start


def write_run(folder: Path, group: int, strategy: str, seed: int) -> None:
    """A run's folder as the report reads it."""
    folder.mkdir(parents=True)
    facts = {
        **{
            "status": "finished",
            "reason": "rounds",
            "name": "sweep",
            "dataset": f"data set {group}",
        },
        **{
            "strategy": strategy,
            "seed": seed,
            "initial_digest": str(seed),
            "weights_digest": str(seed),
        },
    }
    (folder / "run.json").write_text(json.dumps(facts))
    noise = np.random.default_rng([group, len(strategy), seed])
    rounds = [
        json.dumps(one_round(number, STRATEGIES[strategy], noise)) for number in range(ROUNDS)
    ]
    (folder / "rounds.jsonl").write_text("\n".join(rounds) + "\n")


def one_round(number: int, speed: float, noise: np.random.Generator) -> dict[str, Any]:
    labels = QUERY_SIZE * (number + 1)
    accuracies = np.clip(
        1 - np.exp(-speed * labels / 100) + noise.normal(0, 0.01, len(CLASSES)), 0, 1
    )
    counts = noise.multinomial(QUERY_SIZE, np.full(len(CLASSES), 1 / len(CLASSES)))
    return {
        **{
            "round": number,
            "labels": labels,
            "accuracy": accuracies.mean(),
            "loss": 1.0,
            "pool_size": 60_000 - labels,
        },
        **{
            "class_accuracy": dict(zip(CLASSES, accuracies.tolist(), strict=True)),
            "lost_classes": [],
        },
        **{
            "query_class_counts": dict(zip(CLASSES, counts.tolist(), strict=True)),
            "query_diversity": None,
        },
        **{"train_seconds": 1.0, "score_seconds": 1.0, "eval_seconds": 1.0},
    }


if __name__ == "__main__":
    main()
