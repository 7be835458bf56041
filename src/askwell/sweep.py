"""Hydra's side of a run: nothing is written over, and every sweep ends with its report."""

import sys
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

from askwell.errors import UserError, exit_with, user_error
from askwell.folder import is_first_process, refuse_used

started: list[Path] = []
"""Folders of the sweeps that this process runs."""


class GuardFolders(Callback):
    """Refuses used folders before Hydra writes into them, and remembers sweeps for their report."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        if is_first_process():  # the others share its folder
            _refuse([Path(config.hydra.run.dir)], config.resume)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        folder = Path(config.hydra.sweep.dir)
        _refuse([path.parent for path in sorted(folder.glob("*/run.json"))], config.resume)
        started.append(folder)

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        if job_return.status != JobStatus.FAILED:
            return
        if "num" in config.hydra.job:
            print(f"job {config.hydra.job.num} failed: {job_return._return_value}", file=sys.stderr)
        elif mistake := user_error(job_return._return_value):
            exit_with(mistake)  # before Hydra adds a line of its own


def refuse_nested(trainer: Any) -> None:
    """Raises UserError where a job of a sweep would start processes: each of them would run the whole sweep again."""
    in_sweep = HydraConfig.get().mode == RunMode.MULTIRUN
    if in_sweep and trainer.world_size > 1 and trainer.strategy.launcher is not None:
        raise UserError(
            f"trainer.devices={trainer.num_devices} in a sweep: each process would start the sweep again. Give every "
            "job one device, and run jobs side by side: trainer.devices=1 hydra/launcher=submitit_local (a cluster: "
            "submitit_slurm)"
        )


def _refuse(folders: list[Path], resume: bool) -> None:
    """Exits by itself, since Hydra turns the exceptions of its callbacks into warnings."""
    try:
        refuse_used(folders, resume)
    except UserError as mistake:
        exit_with(str(mistake))
