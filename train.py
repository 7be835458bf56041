"""Active learning: one run, or with -m a sweep. `python train.py --help` lists the choices, README.md shows the way."""

import hydra
from omegaconf import DictConfig, OmegaConf

from askwell import cli


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> float:
    """One run: composes its parts, fits, and returns the final accuracy."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.utils import instantiate
    from pytorch_lightning import seed_everything

    from askwell import provenance, sweep
    from askwell.checkpoint import SafeCheckpointIO
    from askwell.folder import RunFolder, is_first_process
    from askwell.interruption import exit_code_of_signal
    from askwell.logger import close_loggers
    from askwell.record import Record

    hydra_config = HydraConfig.get()
    limits = {name: cfg[name] for name in ("rounds", "budget", "target_accuracy")}
    with RunFolder(hydra_config.runtime.output_dir, cfg.resume, owned=is_first_process()) as folder:
        if folder.finished_with(limits):
            print(f"{folder.path} holds this run, finished: nothing to do")
            return folder.facts["accuracy"]

        choices = hydra_config.runtime.choices
        folder.start(
            **{group: choices[group] for group in ("strategy", "dataset", "model", "protocol", "oracle")},
            **{"name": cfg.name, "seed": cfg.seed, "limits": limits},
            **provenance.of_process(),
        )
        seed_everything(cfg.seed, verbose=False)
        data = instantiate(cfg.datamodule)
        cfg.dataset.num_classes = len(data.dataset.classes)
        model = instantiate(cfg.model)
        callbacks = {name: instantiate(node) for name, node in cfg.callbacks.items() if node is not None}
        learning = callbacks["active_learning"]
        loggers = [instantiate(node) for node in (cfg.get("logger") or {}).values()]
        trainer = instantiate(cfg.trainer, _partial_=True)(
            logger=loggers,
            callbacks=[Record(folder, learning), *callbacks.values()],
            plugins=[SafeCheckpointIO(learning.admit)],
        )
        sweep.refuse_nested(trainer)

        config = OmegaConf.to_container(cfg, resolve=True)
        folder.describe(config=config)
        try:
            for logger in loggers:
                logger.log_hyperparams(config)
            with exit_code_of_signal(trainer):
                trainer.fit(model, data, ckpt_path=folder.checkpoint)
        finally:
            close_loggers(loggers, failed=folder.facts["status"] != "finished")
        return learning.accuracy


if __name__ == "__main__":
    cli.launch(main)
