"""The configuration outside a run: what the `askwell` commands need of it."""

from collections.abc import Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from askwell.errors import UserError

CONF = Path(__file__).parents[2] / "conf"


def composed(overrides: Sequence[str], conf: Path = CONF) -> DictConfig:
    """What train.py would be given for `overrides`. Raises UserError where the configuration is not beside the code."""
    if not conf.is_dir():
        raise UserError(f"there is no {conf}: install askwell from its checkout, by make setup or pip install -e")
    with initialize_config_dir(str(conf), version_base="1.3"):
        return compose("config", list(overrides))
