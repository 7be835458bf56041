"""Hydra's notes of how a run was called, in `.hydra`: the run writes them once admitted.

Hydra would write them before the run knows whether it may use the folder.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from askwell.errors import UserError
from askwell.files import write_whole

FOLDER = ".hydra"
SWEEP = "multirun.yaml"


def notes_of(cfg: DictConfig) -> dict[str, bytes]:
    """The files of `.hydra` by name, for the job that this process runs with `cfg`."""
    hydra: Any = HydraConfig.instance().cfg
    if hydra is None:  # not started by Hydra
        return {}
    parts = {"config": cfg, "hydra": hydra, "overrides": hydra.hydra.overrides.task}
    return {
        f"{name}.yaml": as_yaml(OmegaConf.to_container(part, **UNRESOLVED))
        for name, part in parts.items()
    }


def write_notes(folder: Path, notes: Mapping[str, bytes]) -> None:
    """Puts the files into the `.hydra` of a run's folder."""
    for name, content in notes.items():
        write_whole(folder / FOLDER / name, content)


UNRESOLVED: dict[str, Any] = {"resolve": False, "enum_to_str": True}


def as_yaml(content: Any) -> bytes:
    """Readable text in any script; escaped where a name holds bytes that are not UTF-8."""
    try:
        return yaml.safe_dump(content, sort_keys=False, allow_unicode=True).encode()
    except UnicodeEncodeError:
        return yaml.safe_dump(content, sort_keys=False).encode()


def read_yaml(file: Path) -> Any:
    """Plain values, never objects. Raises UserError for a file that is damaged or no text."""
    try:
        return yaml.load(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(
            f"{file} is damaged, it cannot be read as YAML: put back a copy of it"
        ) from error
