"""An experiment put together as train.py does it, with its parts within reach; for the tests of the
loop.
"""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig
from pytorch_lightning import Callback
from pytorch_lightning.loggers import Logger
from torch import Tensor

from askwell.command.assembly import assemble
from askwell.loop.listener import RoundListener
from askwell.loop.rounds import Preview, RoundResult
from askwell.loop.tracking import PoolProgress
from askwell.run.checkpoint import SafeCheckpointIO


class Observer(Callback, RoundListener, PoolProgress):
    """Remembers what an experiment did."""

    def __init__(self) -> None:
        self.epochs: list[list[int]] = []  # the indices trained on in each
        self.results: list[RoundResult] = []
        self.bought: list[tuple[int, Preview]] = []  # for which round
        self.scored: list[int] = []  # rounds after which the pool was scored

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        self.epochs.append([])

    def on_round_end(self, trainer: Any, result: RoundResult) -> None:
        self.results.append(result)

    def on_labels_bought(self, trainer: Any, round: int, preview: Preview) -> None:
        self.bought.append((round, preview))

    def augment(self, pixels: Tensor, indices: Tensor, key: int) -> Tensor:
        """Changes nothing, and sees the indices of every batch."""
        self.epochs[-1] += indices.tolist()
        return pixels

    def track(self, batches: Any, total: int, description: str) -> Any:
        if description == "scoring":
            self.scored.append(len(self.results))
        return batches


class Experiment:
    """The parts of `cfg`, ready to `fit`."""

    def __init__(
        self, cfg: DictConfig, *callbacks: Callback, logger: Logger | bool = False
    ) -> None:
        self.seen = Observer()
        parts = assemble(cfg)
        self.data, self.model, self.learning = parts.data, parts.model, parts.learning
        self.data.augmentation = self.data.augmentation or self.seen.augment
        parts.callbacks = [self.learning, self.seen, *callbacks]
        self.trainer = parts.trainer(
            logger=logger, enable_checkpointing=False, enable_progress_bar=False
        )
        self.learner = self.learning.prepare(self.trainer, self.data)

    def fit(self) -> "Experiment":
        self.trainer.fit(self.model, self.data)
        return self

    @property
    def weights(self) -> dict[str, Tensor]:
        return {name: weight.clone() for name, weight in self.model.state_dict().items()}

    @property
    def queries(self) -> list[list[int]]:
        """The indices bought for each round, in order."""
        purchases = self.data.pool.purchases.items()
        rounds = range(max((bought.round for _, bought in purchases), default=-1) + 1)
        return [[index for index, bought in purchases if bought.round == round] for round in rounds]


def equal(weights: dict[str, Tensor], others: dict[str, Tensor]) -> bool:
    """Whether two networks are the same, bit for bit."""
    return weights.keys() == others.keys() and all(
        torch.equal(weights[name], others[name]) for name in weights
    )


def record_of(folder: Path) -> tuple[list[dict[str, Any]], str]:
    """What a run left, but for the seconds: the lines of rounds.jsonl, and queries.csv."""
    lines = [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]
    timeless = [
        {name: value for name, value in line.items() if not name.endswith("_seconds")}
        for line in lines
    ]
    return timeless, (folder / "queries.csv").read_text()


def weights_of(folder: Path) -> dict[str, Tensor]:
    """The network in a run's last checkpoint."""
    return SafeCheckpointIO().load_checkpoint(folder / "checkpoints" / "last.ckpt")["state_dict"]


def class_folder(image: str) -> str:
    """The folder that an image is in, which is its class."""
    return image.split("/")[-2]


def answer(folder: Path, tell: Callable[[str], str] = class_folder) -> list[int]:
    """Answers every question in the folder of a run as `tell` does by the name of the image."""
    with (folder / "questions.csv").open(newline="") as file:
        questions = list(csv.DictReader(file))
    rows = [f"{row['index']},{tell(row['image'])}\n" for row in questions]
    (folder / "answers.csv").write_text("index,label\n" + "".join(rows))
    return [int(row["index"]) for row in questions]
