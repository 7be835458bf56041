import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from pytorch_lightning.callbacks.progress.rich_progress import CustomProgress
from rich.console import Console
from round_facts import round_result, trainer_with

from askwell.listener.progress import Progress


@pytest.fixture
def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Progress]:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    progress = Progress(rounds=25)
    with open(os.devnull, "w") as nowhere, CustomProgress(console=Console(file=nowhere)) as bars:
        progress.progress = bars
        yield progress


def test_tracking_hands_on_every_batch_where_there_is_no_terminal() -> None:
    assert list(Progress().track(range(5), 5, "scoring the pool")) == [0, 1, 2, 3, 4]


def test_bars_are_off_where_stdout_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)
    assert Progress().is_disabled


def test_tracking_hands_on_every_batch_on_a_terminal(on_a_terminal: Progress) -> None:
    assert list(on_a_terminal.track(range(5), 5, "scoring the pool")) == [0, 1, 2, 3, 4]


def test_a_bar_counts_the_batches_that_were_taken(on_a_terminal: Progress) -> None:
    batches = on_a_terminal.track(range(5), 5, "scoring the pool")
    next(batches)
    next(batches)
    assert on_a_terminal.progress is not None
    assert [(task.completed, task.total) for task in on_a_terminal.progress.tasks] == [(1, 5)]


def test_a_bar_goes_when_its_pass_is_done(on_a_terminal: Progress) -> None:
    list(on_a_terminal.track(range(5), 5, "scoring the pool"))
    assert on_a_terminal.progress is not None
    assert not on_a_terminal.progress.tasks


def test_a_bar_goes_when_its_pass_breaks_off(on_a_terminal: Progress) -> None:
    batches = on_a_terminal.track(range(5), 5, "scoring the pool")
    next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert on_a_terminal.progress is not None
    assert not on_a_terminal.progress.tasks


def test_the_training_bar_names_the_round_and_from_the_second_on_its_epoch() -> None:
    progress = Progress(rounds=25)
    progress.on_rounds_start(trainer_with(), None, start=3)  # type: ignore[arg-type]
    progress.on_round_end(trainer_with(), round_result(3))
    assert [progress._get_train_description(epoch) for epoch in (8, 9)] == [
        "round  5/25",
        "round  5/25 epoch 2",
    ]


@pytest.mark.slow
def test_a_fit_on_a_terminal_survives_rounds_exceptions_and_a_second_fit() -> None:
    master, slave = pty.openpty()
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    environment = {**os.environ, "PYTHONPATH": paths, "TERM": "xterm-256color", "COLUMNS": "120"}
    fits = subprocess.Popen([sys.executable, __file__], env=environment, stdout=slave, stderr=slave)
    os.close(slave)
    shown = b""
    while part := read(master):
        shown += part
    assert (fits.wait(), shown.count(b"broke off"), b"scoring the pool" in shown) == (0, 1, True)


def read(master: int) -> bytes:
    try:
        return os.read(master, 1 << 16)
    except OSError:  # Linux's way to say that the other end is closed
        return b""


def fit_rounds(rounds: int, broken_round: int | None = None) -> None:
    import pytorch_lightning as pl
    import torch

    class Rounds(pl.Callback):
        def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            for batch in bars.track(range(20), 20, "scoring the pool"):
                if (trainer.current_epoch, batch) == (broken_round, 10):
                    raise RuntimeError("broke off")
            bars.on_round_end(trainer, SimpleNamespace(round=trainer.current_epoch))  # type: ignore[arg-type]

    class Line(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.line = torch.nn.Linear(2, 1)

        def training_step(self, batch: torch.Tensor) -> torch.Tensor:
            return self.line(batch).sum()

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), 0.1)

    bars = Progress(rounds)
    quiet = {"logger": False, "enable_checkpointing": False, "enable_model_summary": False}
    trainer = pl.Trainer(max_epochs=rounds, accelerator="cpu", callbacks=[Rounds(), bars], **quiet)  # type: ignore[arg-type]
    trainer.fit(Line(), torch.utils.data.DataLoader(torch.ones(8, 2), batch_size=4))  # type: ignore[arg-type]


if __name__ == "__main__":
    fit_rounds(26)
    try:
        fit_rounds(3, broken_round=1)
    except RuntimeError as error:
        print(error)
    fit_rounds(3)
