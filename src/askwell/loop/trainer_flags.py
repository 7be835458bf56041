"""Lightning's flags: unknown ones, and those that would silently change the study."""

from functools import partial
from inspect import signature
from typing import Any

from pytorch_lightning.callbacks import EarlyStopping, Timer

from askwell.errors import UserError

LIMITS = ("limit_train_batches", "limit_val_batches", "limit_test_batches", "limit_predict_batches")


def build_trainer(trainer: partial[Any], **parts: Any) -> Any:
    """The Lightning trainer with these parts.

    Raises UserError for a flag or a value that Lightning does not know.
    """
    try:
        signature(trainer.func).bind_partial(**trainer.keywords)
    except TypeError as error:
        raise UserError(f"trainer {error}: the flags are those of Lightning's Trainer") from error
    try:
        return trainer(**parts)
    except ValueError as error:
        raise UserError(f"trainer: {error}") from error


def refuse_flags(trainer: Any) -> None:
    """Raises UserError for flags that train on other images or end a round too early.

    `fast_dev_run` is for debugging and may do both.
    """
    if trainer.reload_dataloaders_every_n_epochs != 1:
        raise UserError(
            "trainer.reload_dataloaders_every_n_epochs must be 1, or the training set would "
            "never grow"
        )
    if trainer.overfit_batches:
        raise UserError(
            "trainer.overfit_batches would train on images that were never labelled: remove it"
        )
    if trainer._accelerator_connector.use_distributed_sampler and trainer.world_size > 1:
        raise UserError(
            "trainer.use_distributed_sampler must be false: the labelled set is divided without "
            "repeats"
        )
    if trainer.fast_dev_run:
        return
    if trainer.max_steps != -1:
        raise UserError(
            "trainer.max_steps would end a round in the middle of its epoch: use rounds=... or "
            "budget=..."
        )
    if (trainer.min_epochs or 1) > 1 or trainer.min_steps:
        raise UserError(
            "trainer.min_epochs and min_steps would train on after the budget is spent: remove them"
        )
    if trainer.max_epochs != -1:
        raise UserError(
            "trainer.max_epochs would end a run too early: use rounds=... or budget=..."
        )
    if any(isinstance(callback, Timer | EarlyStopping) for callback in trainer.callbacks):
        raise UserError(
            "max_time and early stopping would end a run within a round: use rounds=... or "
            "target_accuracy"
        )
    for limit in LIMITS:
        share = getattr(trainer, limit)
        if share != 1.0 or isinstance(share, int):  # the integer 1 is one batch
            raise UserError(
                f"trainer.{limit} would leave out labelled images: remove it, or use "
                "trainer.fast_dev_run"
            )
