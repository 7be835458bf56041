"""Active learning: one run, or with -m a sweep. `python train.py --help` lists the choices, README.md shows the way."""

from typing import Any

import hydra
from omegaconf import DictConfig, OmegaConf

from askwell import cli

CHOICES = ("strategy", "dataset", "model", "protocol", "oracle")
"""The groups whose choice names a run in its report and its logs."""


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> float:
    """One run: composes its parts, fits, and returns the final accuracy."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.utils import instantiate

    from askwell import provenance, sweep
    from askwell.admission import Admission
    from askwell.checkpoint import SafeCheckpointIO
    from askwell.flags import build_trainer
    from askwell.folder import RunFolder, is_first_process
    from askwell.interruption import exit_code_of_signal
    from askwell.keys import seed_process
    from askwell.logger import close_loggers
    from askwell.provenance import threads_of, weights_digest
    from askwell.record import Record
    from askwell.study import free_paths, study_of

    hydra_config = HydraConfig.get()
    config: Any = OmegaConf.to_container(cfg, resolve=True)
    limits = {name: cfg[name] for name in ("rounds", "budget", "target_accuracy")}
    study, free = study_of(cfg), free_paths(cfg)
    with RunFolder(hydra_config.runtime.output_dir, cfg.resume, is_first_process()) as folder, threads_of(folder.facts):
        folder.refuse(study, free)
        if folder.finished_with(limits):
            print(f"{folder.path} holds this run, finished: nothing to do")
            return folder.facts["accuracy"]
        choices = {group: hydra_config.runtime.choices[group] for group in CHOICES}
        choices["sweeper"] = hydra_config.runtime.choices["hydra/sweeper"]
        identity = {**choices, "name": cfg.name, "seed": cfg.seed, "study": study}
        folder.start(provenance.of_process(), **identity, limits=limits, config=config)

        data = instantiate(cfg.datamodule)
        cfg.dataset.num_classes = len(data.dataset.classes)
        seed_process(cfg.seed)
        model = instantiate(cfg.model)
        model.save_hyperparameters(config | {"choices": choices})
        callbacks = {name: instantiate(node) for name, node in cfg.callbacks.items() if node is not None}
        learning = callbacks["active_learning"]
        loggers = [instantiate(node) for node in (cfg.get("logger") or {}).values()]
        record = Record(folder, learning)
        made_of = {"data set": data.dataset.fingerprint, "initial weights": weights_digest(model.state_dict())}
        states = learning.state_key, record.state_key
        checkpoints = SafeCheckpointIO(Admission(folder.path, study, free, made_of, *states))
        if folder.checkpoint:
            checkpoints.load_checkpoint(folder.checkpoint)  # refused before anything is written or logged
        trainer = build_trainer(
            instantiate(cfg.trainer, _partial_=True),
            logger=loggers,
            callbacks=[record, *callbacks.values()],
            plugins=[checkpoints],
        )
        sweep.refuse_nested(trainer)
        try:
            with exit_code_of_signal(trainer):
                trainer.fit(model, data, ckpt_path=folder.checkpoint)
        finally:
            close_loggers(loggers, failed=folder.facts.get("status") != "finished")
        return learning.accuracy


if __name__ == "__main__":
    cli.launch(main)
