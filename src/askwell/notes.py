"""Hydra's notes of how a run was called, in its folder's `.hydra`: written by the run itself, once it is admitted.

Hydra would write them before the run knows whether it may use the folder.
"""

from pathlib import Path
from typing import Any

import yaml
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf, open_dict

from askwell.errors import UserError
from askwell.files import write_whole

FOLDER = ".hydra"
SWEEP = "multirun.yaml"


def write_notes(folder: Path) -> None:
    """Notes the configuration and the overrides of this process; nothing where Hydra did not start it."""
    if not HydraConfig.initialized():
        return
    cfg = HydraConfig.instance().cfg
    hydra, job = cfg.copy(), cfg.copy()
    with open_dict(hydra), open_dict(job):
        del job["hydra"]
        for group in job:
            del hydra[group]
    parts = {"config": job, "hydra": hydra, "overrides": cfg.hydra.overrides.task}
    for name, part in parts.items():
        write_whole(folder / FOLDER / f"{name}.yaml", as_yaml(OmegaConf.to_container(part, **UNRESOLVED)))


def write_sweep(folder: Path, cfg: DictConfig) -> None:
    """Notes how a sweep was called, as Hydra's own sweeper does."""
    write_whole(folder / SWEEP, as_yaml(OmegaConf.to_container(cfg, **UNRESOLVED)))


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
        raise UserError(f"{file} is damaged, it cannot be read as YAML: put back a copy of it") from error
