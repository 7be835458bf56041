"""The active-learning loop in Lightning's hooks: train, measure, query."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import pytorch_lightning as pl
import torch

from askwell.batches.datamodule import ActiveDataModule
from askwell.loop.agreement import refuse_differences
from askwell.loop.learner import Learner
from askwell.loop.listener import RoundListener
from askwell.loop.settings import Settings
from askwell.loop.tracking import PoolProgress, tracked
from askwell.loop.trainer_flags import refuse_flags
from askwell.model.classifier import untaught_copy
from askwell.processes import Processes, share_buffers
from askwell.randomness import key
from askwell.run.provenance import weights_digest


class ActiveLearning(pl.Callback):
    """Buys the first labels, then runs rounds of epochs, each ended by evaluation and a query.

    Takes the fields of `Settings`. A query that people have not answered yet ends the process,
    after the checkpoint; the next process resumes there.
    """

    learner: Learner

    def __init__(self, **settings: Any) -> None:
        self.settings = Settings(**settings)
        self.listeners: list[RoundListener] = []
        self.bar: PoolProgress | None = None
        self.loaded_weights: str | None = None  # the digest of what a resume began with

    def notify(self, callbacks: Iterable[object]) -> None:
        """Registers the round listeners among `callbacks`, and the first bar for passes."""
        for one in callbacks:
            if isinstance(one, RoundListener):
                self.listeners.append(one)
            if isinstance(one, PoolProgress):
                self.bar = self.bar or one

    def prepare(self, trainer: Any, data: ActiveDataModule) -> Learner:
        """Plans the run. Raises UserError for impossible settings, before anything is written."""
        refuse_flags(trainer)
        self.learner = Learner(self.settings, data, trainer.world_size)
        return self.learner

    # Lightning's hooks, in the order in which it calls them

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        device = trainer.strategy.root_device
        self.processes = Processes(trainer.global_rank, trainer.world_size, device)
        weights = pl_module.state_dict().items()
        self.initial_weights = {name: weight.clone() for name, weight in weights}
        self.learner.labelling.processes = self.processes
        self.learner.weights_digest = weights_digest(self.initial_weights)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.learner.load_state_dict(state_dict)

    def on_load_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        self.loaded_weights = weights_digest(checkpoint["state_dict"])

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        held = self.learner.position | {"weights": self.loaded_weights}
        advice = "resume all processes from the same checkpoint"
        refuse_differences(held, self.processes.gather, advice)
        precision, watched = trainer.precision_plugin.forward_context, tracked(trainer, self.bar)
        parts = (pl_module.network, self.processes, precision, watched, self.learner.halvings)
        untaught = partial(untaught_copy, pl_module.network, self.initial_weights)
        sight = self.settings.sight(self.learner.data, *parts)
        self.learner.begin(replace(sight, untaught=untaught))
        if self.learner.waiting:  # Lightning has nothing to train on and calls no other hook
            self._tell(lambda one: one.on_rounds_start(trainer, self.learner.view, 0))
            self._wait(trainer)

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        start = self.learner.round
        self._tell(lambda one: one.on_rounds_start(trainer, self.learner.view, start))
        if (preview := self.learner.resume()) is not None:
            self._tell(lambda one: one.on_labels_bought(trainer, start, preview))
        self._stop_if_over(trainer)

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        epoch = trainer.current_epoch
        torch.manual_seed(key("epoch", self.settings.seed, epoch, trainer.global_rank))
        if epoch % self.settings.epochs_per_round:
            return
        self.learner.clock.restart()
        if self.settings.reset and self.learner.round:
            pl_module.load_state_dict(self.initial_weights)
            # Lightning called it after ours, so these weights lack what it set.
            pl_module.setup("fit")
            trainer.strategy.setup_optimizers(trainer)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        if (trainer.current_epoch + 1) % self.settings.epochs_per_round:
            return
        seconds = self.learner.clock.lap(trainer.strategy.root_device)
        share_buffers(pl_module, self.processes)
        result = self.learner.end_round(seconds)
        self._tell(lambda one: one.on_round_end(trainer, result))
        if (preview := result.preview) is not None:
            self._tell(lambda one: one.on_labels_bought(trainer, self.learner.round, preview))
        self._stop_if_over(trainer)
        self.learner.sight.scorer.agree()  # on what the checkpoint keeps

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        reason = self.learner.reason
        if reason is not None:
            self._tell(lambda one: one.on_rounds_end(trainer, reason))

    def state_dict(self) -> dict[str, Any]:
        return self.learner.state_dict()

    def _stop_if_over(self, trainer: Any) -> None:
        if self.learner.waiting:
            self._wait(trainer)
        elif self.learner.reason is not None:
            trainer.should_stop = True

    def _wait(self, trainer: Any) -> None:
        self._tell(lambda one: one.on_waiting(trainer))
        trainer.should_stop = True

    def _tell(self, news: Callable[[RoundListener], None]) -> None:
        for listener in self.listeners if self.processes.is_first else ():
            news(listener)
