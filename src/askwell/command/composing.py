"""The configuration: what the `askwell` commands need of it, and what a run cannot do without."""

import pickle
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf, open_dict

from askwell.command.overrides import CONF, INITIAL, parsed, setting_of, understood
from askwell.errors import UserError
from askwell.run.run_folder import is_first_process

PARTS = (
    "dataset",
    "datamodule",
    "strategy",
    "model",
    "oracle",
    "trainer",
    "callbacks.active_learning",
)
"""What every run is made of, each built from a `_target_`."""

CHOICES = ("strategy", "dataset", "model", "protocol", "oracle")
"""The groups whose choice names a run in its report and its logs."""


def composed(overrides: Sequence[str], conf: Path = CONF) -> DictConfig:
    """What `askwell train` would be given for `overrides`. Raises UserError where the configuration
    is not there.
    """
    if not conf.is_dir():
        raise UserError(f"there is no {conf}, the configuration of askwell: install askwell again")
    with initialize_config_dir(str(conf), version_base="1.3"):
        return compose("config", understood(overrides))


class Composer:
    """Composes jobs as Hydra does, but once for those that differ in plain values alone, as in the
    seed.
    """

    def __init__(self, loader: ConfigLoader, config: DictConfig) -> None:
        self.loader, self.config = loader, config
        self.known: dict[tuple[str, ...], bytes] = {}
        self.groups: set[str] = set()
        """Settings that turned out to name a choice, of a group outside conf/."""

    def __call__(self, overrides: Sequence[str]) -> DictConfig:
        """What a job would be given. Raises UserError, or what Hydra raises, for what is no run."""
        plain = {word: parsed(word).value() for word in overrides if self._is_plain(word)}
        alike = tuple(setting_of(word) if word in plain else word for word in overrides)
        if alike not in self.known:
            composed = self._composed(overrides)
            groups = {
                name
                for name in map(setting_of, plain)
                if OmegaConf.is_config(OmegaConf.select(composed, name))
            }
            if groups:
                self.groups |= groups
                return self(overrides)
            self.known[alike] = pickle.dumps(composed)
        cfg: DictConfig = pickle.loads(self.known[alike])  # in half the time of a deepcopy
        for word, value in plain.items():
            OmegaConf.update(cfg, setting_of(word), value)
        return cfg

    def _is_plain(self, word: str) -> bool:
        """Whether an override sets one existing setting to a single value, whatever its kind."""
        setting = setting_of(word)
        is_group = setting in self.groups or re.search("[/@]", setting) or (CONF / setting).is_dir()
        if is_group or not word.startswith(setting):
            return False
        return isinstance(parsed(word).value(), str | int | float | None)

    def _composed(self, overrides: Sequence[str]) -> DictConfig:
        cfg = self.loader.load_sweep_config(self.config, list(overrides))
        with open_dict(cfg):
            del cfg["hydra"]
        refuse_missing_parts(cfg)
        return cfg


def refuse_missing_parts(cfg: DictConfig) -> None:
    """Raises UserError, naming the setting, for a config without one of its parts or without a
    name.
    """
    for part in PARTS:
        node = OmegaConf.select(cfg, part)
        if not isinstance(node, DictConfig) or "_target_" not in node:
            raise UserError(
                f"{part}={_short(node)}: a run cannot do without it, leave the setting out for "
                "the default"
            )
    for group in ("callbacks", "logger"):
        nodes = cfg.get(group)
        if not (nodes is None or isinstance(nodes, DictConfig)):
            raise UserError(
                f"{group}={_short(nodes)}: expected parts by name, each with its _target_"
            )
        for name, node in (nodes or {}).items():
            name = str(name)
            if node is not None and not (isinstance(node, DictConfig) and "_target_" in node):
                raise UserError(
                    f"{group}.{name}={_short(node)}: expected null, or what _target_ builds"
                )
    if cfg.name in (None, ""):
        raise UserError(
            f"name={_short(cfg.name)}: expected the name of a folder, or leave it out for the time"
        )


def keep_image_list(cfg: DictConfig) -> None:
    """Where images have no labels the run keeps the list of them, which a sweep's jobs share.

    The list grows by itself where people answer, unless it is shared.
    """
    if "image_list" not in cfg.dataset or cfg.dataset.image_list is not None:
        return
    from askwell.images.image_list import LIST, shared_list  # torch, which others need not wait for

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


def _short(node: Any) -> str:
    return "null" if node is None else str(node)
