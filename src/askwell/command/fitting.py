"""A run whose folder is claimed: its parts are built, and it fits."""

from functools import partial
from typing import Any

from omegaconf import DictConfig

from askwell.command import sweep
from askwell.command.assembly import assemble
from askwell.listener.run_files import Record
from askwell.logger import close_loggers
from askwell.loop.agreement import SameStart, held_at_start
from askwell.loop.learner import Learner, made_of
from askwell.run import provenance
from askwell.run.admission import Admission
from askwell.run.checkpoint import SafeCheckpointIO
from askwell.run.exit_codes import exit_code_of_signal
from askwell.run.failures import watched
from askwell.run.question import read_pending
from askwell.run.run_folder import RunFolder


def fit(
    cfg: DictConfig,
    folder: RunFolder,
    study: dict[str, Any],
    limits: dict[str, Any],
    free: tuple[str, ...],
    start: partial[None],
) -> Learner:
    """Trains until the run is over or waits, from the folder's last checkpoint if it has one."""
    parts = assemble(cfg)
    dataset, record, learning = parts.data.dataset, Record(folder), parts.learning
    weights = provenance.weights_digest(parts.model.state_dict())
    origin = made_of(parts.data, weights)
    admission = Admission(folder.path, study, free, origin, learning.state_key, record.state_key)
    checkpoints = SafeCheckpointIO(admission)
    if folder.checkpoint:
        checkpoints.load_checkpoint(folder.checkpoint)  # refused before anything is written
    same = SameStart(held_at_start(study | limits, dataset, weights, folder.checkpoint))
    trainer = parts.trainer(first=[same, record], plugins=[checkpoints])
    sweep.refuse_nested(trainer)
    learner = learning.prepare(trainer, parts.data)
    learner.asked_before = read_pending(folder.path)
    if not sweep.sweep_of_run():
        start()
    try:
        with exit_code_of_signal(trainer), watched(trainer, folder):
            trainer.fit(parts.model, parts.data, ckpt_path=folder.checkpoint)
    finally:
        ended = folder.facts.get("status") in ("finished", "waiting")
        close_loggers(parts.loggers, failed=not ended)
    return learner
