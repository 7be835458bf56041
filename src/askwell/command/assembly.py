"""A run put together from its configuration: the one place where parts are built and connected."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from hydra.utils import get_object, instantiate
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning import Callback, LightningModule
from pytorch_lightning.loggers import Logger

from askwell.batches import ActiveDataModule
from askwell.command.overrides import INITIAL
from askwell.images.image_list import LIST, shared_list
from askwell.logger.portable import portable
from askwell.loop.callback import ActiveLearning
from askwell.loop.trainer_flags import build_trainer
from askwell.randomness import seed_process
from askwell.run.run_folder import is_first_process

CHOICES = ("strategy", "dataset", "model", "protocol", "oracle")
"""The groups whose choice names a run in its report and its logs."""


@dataclass
class Assembly:
    """The parts of a run. `trainer` makes a Lightning trainer of them that can fit."""

    data: ActiveDataModule
    model: LightningModule
    learning: ActiveLearning
    callbacks: list[Callback]
    loggers: list[Logger]
    flags: partial[Any]

    def trainer(self, first: Iterable[Callback] = (), **parts: Any) -> Any:
        """The trainer, with more callbacks before those of the configuration, and with other
        `parts` that Lightning takes.
        """
        callbacks = [*first, *self.callbacks]
        self.learning.notify(callbacks)
        return build_trainer(self.flags, **{"logger": self.loggers, **parts}, callbacks=callbacks)


def assemble(cfg: DictConfig) -> Assembly:
    """The parts of the run that `cfg` describes, with the data set opened and the model seeded.

    Sets `dataset.num_classes` in `cfg`: a folder of images knows its classes only when it is open.
    """
    _keep_image_list(cfg)
    config = OmegaConf.to_container(cfg, resolve=True)
    data = instantiate(cfg.datamodule)
    cfg.dataset.num_classes = len(data.dataset.classes)
    cfg.embedding.features = data.features
    seed_process(cfg.seed)
    model = instantiate(cfg.model)
    model.save_hyperparameters(portable(config) | {"choices": choices()})  # for the loggers
    callbacks = {name: instantiate(node) for name, node in cfg.callbacks.items() if node}
    loggers = [instantiate(node) for node in (cfg.get("logger") or {}).values() if node]
    learning = callbacks["active_learning"]
    flags = instantiate(cfg.trainer, _partial_=True)
    return Assembly(data, model, learning, list(callbacks.values()), loggers, flags)


def _keep_image_list(cfg: DictConfig) -> None:
    """Where images have no labels the run keeps the list of them, which a sweep's jobs share.

    The list grows by itself where people answer, unless it is shared.
    """
    if "image_list" not in cfg.dataset or cfg.dataset.image_list is not None:
        return
    hydra = HydraConfig.get()
    is_job = hydra.mode == RunMode.MULTIRUN
    settings: Any = OmegaConf.to_container(cfg.dataset, resolve=True)
    cfg.dataset.image_list = str(
        Path(hydra.sweep.dir, shared_list(settings))
        if is_job
        else Path(hydra.runtime.output_dir, LIST)
    )
    if cfg.dataset.grow is None:
        people = not getattr(get_object(cfg.oracle._target_), "sees_truth", True)
        cfg.dataset.grow = people and not is_job and is_first_process()


def choices() -> dict[str, str]:
    """What was chosen in each group that names a run; `initial` where it is not random."""
    chosen = HydraConfig.get().runtime.choices
    named = {group: chosen[group] for group in CHOICES}
    initial = chosen.get(INITIAL, "random")
    return named if initial == "random" else {**named, "initial": initial}
