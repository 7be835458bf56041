"""Flags of Lightning's trainer: what would change the study is refused, what does not is let
through.
"""

import pytest
from experiment import Experiment
from pytorch_lightning import Trainer

from askwell.errors import UserError


@pytest.mark.parametrize(
    ("flag", "word"),
    [
        ("+trainer.overfit_batches=2", "never labelled: remove it"),
        ("+trainer.max_steps=3", r"trainer\.max_steps .* rounds=\.\.\. or budget"),
        ("trainer.max_epochs=3", r"trainer\.max_epochs .* rounds=\.\.\. or budget"),
        (
            "+trainer.max_time='00:00:10:00'",
            "max_time and early stopping would end a run within a round",
        ),
        ("trainer.reload_dataloaders_every_n_epochs=0", "must be 1"),
        ("trainer.reload_dataloaders_every_n_epochs=2", "must be 1"),
        (
            "+trainer.limit_train_batches=0.5",
            r"trainer\.limit_train_batches would leave out labelled images",
        ),
        (
            "+trainer.limit_train_batches=1",
            r"trainer\.limit_train_batches would leave out labelled images",
        ),
        ("+trainer.limit_val_batches=0", r"trainer\.limit_val_batches"),
        ("+trainer.limit_predict_batches=2", r"trainer\.limit_predict_batches"),
        (
            "+trainer.min_epochs=9",
            r"trainer\.min_epochs and min_steps would train on after the budget is spent",
        ),
    ],
)
def test_flags_that_would_corrupt_the_study_are_refused(composed, flag, word):
    with pytest.raises(UserError, match=word):
        Experiment(composed(flag)).fit()


def test_fast_dev_run_tries_one_round(composed):
    run = Experiment(composed("+trainer.fast_dev_run=true", "protocol.epochs_per_round=1")).fit()
    assert len(run.seen.results) == 1


def test_gradients_accumulated_over_batches_are_not_carried_into_the_next_round(composed):
    run = Experiment(composed("+trainer.accumulate_grad_batches=2")).fit()
    state = run.trainer.optimizers[0].state
    assert {int(weight["step"]) for weight in state.values()} == {
        1 + 1 + 2
    }  # of 1, 2 and 3 batches


@pytest.mark.parametrize(
    "flag", ["+trainer.gradient_clip_val=0.5", "+trainer.precision=bf16-mixed"]
)
def test_other_flags_are_lightnings_own_matter(composed, flag):
    assert len(Experiment(composed(flag)).fit().seen.results) == 3


def test_lightning_still_keeps_its_sigterm_handler_where_interruption_replaces_it():
    """A canary: a renamed attribute would be set in vain, and two processes could hang again."""
    assert callable(Trainer(accelerator="cpu", logger=False)._signal_connector._sigterm_notifier_fn)
