"""Progress bars of training and of passes over images: one live display on a terminal."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from pytorch_lightning.callbacks import RichProgressBar
from rich.markup import escape

from askwell.loop.listener import RoundListener, RunView
from askwell.loop.rounds import RoundResult
from askwell.loop.tracking import PoolProgress
from askwell.text import visible

Item = TypeVar("Item")

REFRESHES_A_SECOND = 10


class Progress(RichProgressBar, RoundListener, PoolProgress):
    """Lightning's rich bar, which names the round, with a second bar for passes over images."""

    def __init__(self, rounds: int | None = None, refresh_rate: int = REFRESHES_A_SECOND) -> None:
        super().__init__(refresh_rate=refresh_rate, leave=False)
        self.rounds = rounds
        self.round = 0
        self.first_epoch: int | None = None

    @property
    def is_enabled(self) -> bool:
        return super().is_enabled and sys.stdout.isatty()

    def on_rounds_start(self, trainer: Any, run: RunView, start: int) -> None:
        self._begin_round(start)

    def on_round_end(self, trainer: Any, result: RoundResult) -> None:
        self._begin_round(result.round + 1)

    def track(self, batches: Iterable[Item], total: int, description: str) -> Iterator[Item]:
        bars = self.progress
        if bars is None or self.is_disabled:
            yield from batches
            return
        task = bars.add_task(escape(visible(description)), total=total)
        try:
            for batch in batches:
                yield batch
                bars.advance(task)
                self.refresh()
        finally:
            bars.remove_task(task)
            self.refresh()

    def get_metrics(self, trainer: Any, pl_module: Any) -> dict[str, Any]:
        metrics = super().get_metrics(trainer, pl_module)
        metrics.pop("v_num", None)  # a logger's run number is not about training
        return metrics

    def _begin_round(self, round: int) -> None:
        self.round, self.first_epoch = round, None

    def _stop_progress(self) -> None:
        if self.progress is not None:
            # The lines of the rounds stay; a finished bar has no more to show.
            self.progress.live.transient = True
        super()._stop_progress()

    def _get_train_description(self, current_epoch: int) -> str:
        if self.first_epoch is None:
            self.first_epoch = current_epoch
        epoch = current_epoch - self.first_epoch
        return f"round {round_of(self.round, self.rounds)}" + (
            f" epoch {epoch + 1}" if epoch else ""
        )


def round_of(round: int, rounds: int | None) -> str:
    """A round's place among all, as people count: from 1."""
    return f"{round + 1}" if rounds is None else f"{round + 1:>{len(str(rounds))}}/{rounds}"
