"""The configuration: what the `askwell` commands need of it, and what a run cannot do without."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from askwell.command.overrides import CONF, understood
from askwell.errors import UserError

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


def composed(overrides: Sequence[str], conf: Path = CONF) -> DictConfig:
    """What `askwell train` would be given for `overrides`. Raises UserError where the configuration
    is not there.
    """
    if not conf.is_dir():
        raise UserError(f"there is no {conf}, the configuration of askwell: install askwell again")
    with initialize_config_dir(str(conf), version_base="1.3"):
        return compose("config", understood(overrides))


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


def _short(node: Any) -> str:
    return "null" if node is None else str(node)
