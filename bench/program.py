"""The program under test, put together from the real config as train.py does it."""

import logging
import os
import tempfile
import warnings
from contextlib import redirect_stdout
from pathlib import Path

import pytorch_lightning as pl
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig, open_dict

from askwell.command import train
from askwell.dataset import ImageDataset, OpenDataset
from askwell.model import Classifier

ROOT = Path(__file__).parents[1]


def quiet() -> None:
    """Silences Lightning's advice, which the baseline would print in every round."""
    warnings.filterwarnings("ignore", module="pytorch_lightning")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)


def config(*overrides: str, folder: Path = Path()) -> DictConfig:
    """What `python train.py` composes from `overrides`; its run folder is `folder`."""
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        cfg = compose("config", list(overrides), return_hydra_config=True)
    with open_dict(cfg):
        cfg.hydra.runtime.output_dir = str(folder)
        HydraConfig.instance().set_config(cfg)
        del cfg["hydra"]
    return cfg


def dataset(name: str, *overrides: str) -> ImageDataset:
    """The data set that `dataset=<name>` stands for, not opened yet."""
    return instantiate(config(f"dataset={name}", *overrides).dataset)


def classifier(opened: OpenDataset, name: str, *overrides: str, seed: int = 0) -> Classifier:
    """The classifier of a run on `dataset=<name>`, with that run's initial weights."""
    pl.seed_everything(seed, verbose=False)
    cfg = config(f"dataset={name}", *overrides)
    cfg.dataset.num_classes = len(opened.classes)
    model = instantiate(cfg.model)
    model.standardise.fit(opened.mean, opened.std)
    return model


def run(*overrides: str, folder: Path) -> float:
    """A whole run of train.py, result files and all, within this process; returns the final
    accuracy.
    """
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        return train.main.__wrapped__(config("logger=none", *overrides, folder=folder))


def run_and_forget(*overrides: str) -> float:
    """`run` in a folder that is removed again."""
    with tempfile.TemporaryDirectory() as folder:
        return run(*overrides, folder=Path(folder))
