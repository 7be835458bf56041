"""A listener that measures a head on test images of which the run knows nothing."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from hydra.utils import instantiate
from pytorch_lightning import Callback
from torch import Tensor

from askwell.command.overrides import quoted
from askwell.embedding.embedded import rows_of
from askwell.loop.listener import RoundListener, RunView
from askwell.loop.rounds import RoundResult
from bench import program
from bench.person_photos import Photos
from bench.replaying import command

MEASURED = "test-accuracy.txt"


class OnTestImages(Callback, RoundListener):
    """Measures each round on the rows in `file`; a line for each in `folder`/test-accuracy.txt."""

    def __init__(self, folder: str, file: str) -> None:
        self.output = Path(folder) / MEASURED
        with np.load(file) as arrays:
            self.rows, self.classes = torch.from_numpy(arrays["rows"]), arrays["truth"]

    def __len__(self) -> int:
        return len(self.rows)

    def fetch(self, indices: np.ndarray) -> Tensor:
        return self.rows[indices]

    def on_rounds_start(self, trainer: Any, run: RunView, start: int) -> None:
        self.scorer = run.sight.scorer

    def on_round_end(self, trainer: Any, result: RoundResult) -> None:
        logits = self.scorer.look_at(self, torch.arange(len(self))).logits  # type: ignore[arg-type]
        accuracy = float((logits.argmax(dim=1).numpy() == self.classes).mean())
        with self.output.open("a") as file:
            file.write(f"{accuracy!r}\n")


def setting(file: Path, folder: Path) -> str:
    """What has a run in `folder` be measured on the rows in `file`."""
    places = f"file: {quoted(file)}, folder: {quoted(folder)}"
    return f"+callbacks.on_test_images={{_target_: bench.on_test_images.OnTestImages, {places}}}"


def measured(folder: Path) -> list[float]:
    """The accuracy of each round of the run in `folder`."""
    return [float(line) for line in (folder / MEASURED).read_text().splitlines()]


def write_rows(file: Path, tested: Photos, asked: Path, cache: Path) -> None:
    """Keeps the rows of the test images by the encoder of the run in `asked`, and their classes."""
    if file.exists():
        return
    cfg = program.config(*command(asked, cache, f"dataset.root={quoted(tested.folder)}"))
    opened, embedding = instantiate(cfg.dataset).open(), instantiate(cfg.embedding)
    found = rows_of(opened, embedding, "train", cache)
    if found is None:
        raise RuntimeError(f"{asked} has no encoder")
    truth = np.array([opened.classes.index(name) for name in tested.answers])
    np.savez(file, rows=found.values, truth=truth)
