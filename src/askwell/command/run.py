"""A run from its configuration to its end: its folder is claimed, its parts are built, it fits."""

import shlex
import sys
from functools import partial
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from askwell.command import sweep
from askwell.command.capacity import is_on_gpu
from askwell.command.composing import choices, refuse_missing_parts
from askwell.command.first_question import ask_at_once, asks_at_once
from askwell.errors import EXIT_WAITING
from askwell.run import provenance
from askwell.run.failures import failing_as_one
from askwell.run.free_settings import LIMITS
from askwell.run.identity import free_paths, study_of
from askwell.run.notes import notes_of
from askwell.run.question import ASKED, QUESTIONS
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
        elif asks_at_once(cfg, folder):
            start()
            ask_at_once(cfg, folder.path)
        from askwell.command.fitting import fit  # seconds of imports, while people answer already

        learner = fit(cfg, folder, study, limits, free, start)
        if learner.waiting and first:
            _wait(folder)
        return learner.accuracy


def _threads(cfg: DictConfig) -> int | None:
    """The number of threads that is set; for a job of a sweep on a CPU that of the sweep."""
    folder = sweep.sweep_of_run()
    if cfg.get("threads") or folder is None or is_on_gpu(cfg.trainer):
        return cfg.get("threads")
    return provenance.threads_of_sweep(folder)


def _wait(folder: RunFolder) -> None:
    """Says how the run resumes, and exits; a job of a sweep lets the next one start."""
    waits = f"{folder.path} waits for {folder.facts.get('questions', 0)} answers"
    if (folder.path / ASKED).exists():
        print(f"{waits}: askwell label {shlex.quote(str(folder.path))}")
    else:
        print(
            f"{waits}: answer {folder.path / QUESTIONS} in {folder.path / 'answers.csv'} "
            f"(index,label), then askwell resume {folder.path}"
        )
    if not sweep.is_job():
        sys.exit(EXIT_WAITING)
