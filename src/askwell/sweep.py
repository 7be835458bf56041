"""Hydra's side of a run: nothing is written over, and every sweep ends with its report."""

import sys
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from askwell.errors import UserError
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
        if job_return.status == JobStatus.FAILED and "num" in config.hydra.job:
            print(f"job {config.hydra.job.num} failed: {job_return._return_value}", file=sys.stderr)


def _refuse(folders: list[Path], resume: bool) -> None:
    """Exits by itself, since Hydra turns the exceptions of its callbacks into warnings."""
    try:
        refuse_used(folders, resume)
    except UserError as mistake:
        print(f"askwell: {mistake}", file=sys.stderr)
        sys.exit(2)
