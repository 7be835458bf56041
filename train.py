"""Active learning: one run, or with -m a sweep. `python train.py --help` lists the choices,
README.md shows the way.
"""

import sys
from typing import Any

import hydra
from omegaconf import DictConfig, OmegaConf

from askwell.command import cli

CHOICES = ("strategy", "dataset", "model", "protocol", "oracle")
"""The groups whose choice names a run in its report and its logs."""


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> float:
    """One run: composes its parts, fits, and returns the final accuracy."""
    from functools import partial

    from hydra.core.hydra_config import HydraConfig
    from hydra.utils import instantiate

    from askwell.command import sweep
    from askwell.command.composing import refuse_missing_parts
    from askwell.listener.run_files import Record
    from askwell.logger import close_loggers
    from askwell.logger.portable import portable
    from askwell.loop.agreement import SameStart, held_at_start
    from askwell.loop.trainer_flags import build_trainer
    from askwell.randomness import seed_process
    from askwell.run import provenance
    from askwell.run.admission import Admission
    from askwell.run.checkpoint import SafeCheckpointIO
    from askwell.run.exit_codes import exit_code_of_signal
    from askwell.run.failures import failing_as_one, watched
    from askwell.run.identity import free_paths, study_of
    from askwell.run.notes import notes_of
    from askwell.run.provenance import threads_of, weights_digest
    from askwell.run.run_folder import RunFolder, is_first_process

    hydra_config = HydraConfig.get()
    refuse_missing_parts(cfg)
    config: Any = OmegaConf.to_container(cfg, resolve=True)
    limits = {name: cfg[name] for name in ("rounds", "budget", "target_accuracy")}
    study, free = study_of(cfg), free_paths(cfg)
    place, first = hydra_config.runtime.output_dir, is_first_process()
    with (
        RunFolder(place, cfg.resume, first, notes_of(cfg)) as folder,
        failing_as_one(folder),
        threads_of(folder.facts),
    ):
        folder.refuse(study, free)
        if folder.finished_with(limits):
            print(f"{folder.path} holds this run, finished: nothing to do")
            return folder.facts["accuracy"]
        choices = {group: hydra_config.runtime.choices[group] for group in CHOICES}
        choices["sweeper"] = sweep.sweeper_of(hydra_config)
        identity = {**choices, "name": cfg.name, "seed": cfg.seed, "study": study}
        start = partial(
            folder.start, provenance.of_process(), **identity, limits=limits, config=config
        )
        # a job that fails at once is named in its sweep's report; a single run is as if never
        # tried
        if sweep.is_job():
            start()

        data = instantiate(cfg.datamodule)
        cfg.dataset.num_classes = len(data.dataset.classes)
        cfg.embedding.features = data.features
        seed_process(cfg.seed)
        model = instantiate(cfg.model)
        model.save_hyperparameters(
            portable(config) | {"choices": choices}
        )  # what loggers are given
        callbacks = {
            name: instantiate(node) for name, node in cfg.callbacks.items() if node is not None
        }
        learning = callbacks["active_learning"]
        loggers = [
            instantiate(node) for node in (cfg.get("logger") or {}).values() if node is not None
        ]
        record = Record(folder, learning)
        made_of = {
            "data set": data.dataset.fingerprint,
            "initial weights": weights_digest(model.state_dict()),
        }
        same = SameStart(
            held_at_start(
                study | limits, data.dataset, made_of["initial weights"], folder.checkpoint
            )
        )
        states = learning.state_key, record.state_key
        checkpoints = SafeCheckpointIO(Admission(folder.path, study, free, made_of, *states))
        if folder.checkpoint:
            checkpoints.load_checkpoint(
                folder.checkpoint
            )  # refused before anything is written or logged
        trainer = build_trainer(
            instantiate(cfg.trainer, _partial_=True),
            logger=loggers,
            callbacks=[same, record, *callbacks.values()],
            plugins=[checkpoints],
        )
        sweep.refuse_nested(trainer)
        learning.prepare(trainer, data)
        if not sweep.is_job():
            start()
        try:
            with exit_code_of_signal(trainer), watched(trainer, folder):
                trainer.fit(model, data, ckpt_path=folder.checkpoint)
        finally:
            close_loggers(loggers, failed=folder.facts.get("status") != "finished")
        return learning.accuracy


if __name__ == "__main__":
    cli.launch(main, sys.argv)
