"""Jobs that log to W&B on a machine without an account, and what W&B's own reader finds in their
files.
"""

import gc
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import wandb
from round_facts import round_result, trainer_with

from askwell.logger import close_loggers
from askwell.logger.rounds import LogRounds
from askwell.logger.wandb import WandbLogger

CONFIG = {"seed": 0, "model": {"lr": 0.1, "augmentation": None}, "classes": [0, 1]}


@contextmanager
def without_account(home: Path) -> Iterator[pytest.MonkeyPatch]:
    """A machine on which nobody has logged in to W&B, and where wandb has not been used yet."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in [name for name in os.environ if name.startswith("WANDB_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("NETRC", str(home / "netrc"))
        wandb.teardown()
        yield monkeypatch
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", ResourceWarning
            )  # of a service that a test killed: nobody can wait for it
            wandb.teardown()
            gc.collect()


def run_job(sweep: Path, number: int, rounds: int = 2, **options: Any) -> WandbLogger:
    """One job of a sweep, from its logger's first word to its last."""
    names = {
        "project": "askwell",
        "group": "trees",
        "name": f"lc-s{number}",
        "tags": ["mnist", "lc"],
    }
    logger = WandbLogger(str(sweep / f"{number}"), str(sweep), **{**names, **options})
    log_rounds, trainer = LogRounds(), trainer_with(logger)
    logger.log_hyperparams(CONFIG)
    for round in range(rounds):
        log_rounds.on_round_end(trainer, round_result(round, hits=8 + round))
    log_rounds.on_rounds_end(trainer, "rounds")
    close_loggers([logger], failed=False)
    return logger


def run_files(sweep: Path) -> list[Path]:
    """What W&B wrote of each job, by when it ended: the names tell seconds, and a job takes
    less.
    """
    return sorted(sweep.glob("wandb/*run-*/run-*.wandb"), key=lambda file: file.stat().st_mtime_ns)


def records(file: Path) -> list[dict[str, Any]]:
    """What an offline run holds, read by W&B's own reader."""
    read = [
        wandb.util.get_core_path(),
        "leet",
        "inspect",
        "--no-observability",
        "--json",
        "--run-file",
        str(file),
    ]
    lines = subprocess.run(
        [*read, str(file.parents[1])], capture_output=True, text=True, check=True
    ).stdout
    return [json.loads(line) for line in lines.splitlines()]


def history(told: list[dict[str, Any]], name: str) -> list[tuple[int, Any]]:
    """(labels, value) of every row that has `name`."""
    rows = [record["history"]["item"] for record in told if "history" in record]
    return [(row["labels"], row[name]) for row in rows if name in row]


if __name__ == "__main__":
    run_job(Path(sys.argv[1]), 0)
