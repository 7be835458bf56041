"""A run put together from its configuration: the one place where parts are built and connected."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning import Callback, LightningModule
from pytorch_lightning.loggers import Logger

from askwell.batches import ActiveDataModule
from askwell.command.composing import choices, keep_image_list
from askwell.logger.portable import portable
from askwell.loop.callback import ActiveLearning
from askwell.loop.trainer_flags import build_trainer
from askwell.randomness import seed_process


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
    keep_image_list(cfg)
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
