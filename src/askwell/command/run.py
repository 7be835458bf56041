"""A run from its configuration to its end: its folder is claimed, its parts are built, it fits."""

import sys
from functools import partial
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from askwell.command import sweep
from askwell.command.assembly import Assembly, assemble, choices
from askwell.command.capacity import is_on_gpu
from askwell.command.composing import refuse_missing_parts
from askwell.errors import EXIT_WAITING
from askwell.listener.asked import ASKED
from askwell.listener.run_files import Record
from askwell.logger import close_loggers
from askwell.loop.agreement import SameStart, held_at_start
from askwell.loop.learner import Learner, made_of
from askwell.run import provenance
from askwell.run.admission import Admission
from askwell.run.checkpoint import SafeCheckpointIO
from askwell.run.exit_codes import exit_code_of_signal
from askwell.run.failures import failing_as_one, watched
from askwell.run.free_settings import LIMITS
from askwell.run.identity import free_paths, study_of
from askwell.run.notes import notes_of
from askwell.run.question import QUESTIONS, read_pending
from askwell.run.run_folder import RunFolder, is_first_process


def run(cfg: DictConfig) -> float:
    """Fits what `cfg` describes in Hydra's folder, and returns the final accuracy.

    Exits with EXIT_WAITING where people are asked, unless this is a job of a sweep.
    """
    hydra = HydraConfig.get()
    refuse_missing_parts(cfg)
    limits, study, free = {name: cfg[name] for name in LIMITS}, study_of(cfg), free_paths(cfg)
    place, first = hydra.runtime.output_dir, is_first_process()
    config: Any = OmegaConf.to_container(cfg, resolve=True)
    with (
        RunFolder(place, cfg.resume, first, notes_of(cfg)) as folder,
        failing_as_one(folder),
        provenance.threads_of(folder.facts, _threads(cfg)),
    ):
        folder.refuse(study, free)
        if folder.finished_with(limits):
            print(f"{folder.path} holds this run, finished: nothing to do")
            return folder.facts["accuracy"]
        identity = choices() | {"sweeper": sweep.sweeper_of(hydra), "name": cfg.name}
        begun = {**identity, "seed": cfg.seed, "study": study, "limits": limits, "config": config}
        start = partial(folder.start, provenance.of_process(), **begun)
        if sweep.sweep_of_run():  # one that fails at once is named in its sweep's report
            start()
        learner = _fit(assemble(cfg), folder, study, limits, free, start)
        if learner.waiting and first:
            _wait(folder)
        return learner.accuracy


def _threads(cfg: DictConfig) -> int | None:
    """The number of threads that is set; for a job of a sweep on a CPU that of the sweep."""
    folder = sweep.sweep_of_run()
    if cfg.get("threads") or folder is None or is_on_gpu(cfg.trainer):
        return cfg.get("threads")
    return provenance.threads_of_sweep(folder)


def _fit(
    parts: Assembly,
    folder: RunFolder,
    study: dict[str, Any],
    limits: dict[str, Any],
    free: tuple[str, ...],
    start: partial[None],
) -> Learner:
    """Trains until the run is over or waits, from the folder's last checkpoint if it has one."""
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


def _wait(folder: RunFolder) -> None:
    """Says how the run resumes, and exits; a job of a sweep lets the next one start."""
    waits = f"{folder.path} waits for {folder.facts.get('questions', 0)} answers"
    if (folder.path / ASKED).exists():
        print(f"{waits}: askwell label {folder.path}")
    else:
        print(
            f"{waits}: answer {folder.path / QUESTIONS} in {folder.path / 'answers.csv'} "
            f"(index,label), then askwell resume {folder.path}"
        )
    if not sweep.is_job():
        sys.exit(EXIT_WAITING)
