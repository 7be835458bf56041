"""Askwell's launcher as Hydra finds it: `hydra/launcher=askwell`, the default. Imported at each
start, so it is small.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.config_store import ConfigStore


@dataclass
class AskwellLauncherConf:
    _target_: str = "hydra_plugins.askwell_launcher.AskwellLauncher"


ConfigStore.instance().store(
    group="hydra/launcher", name="askwell", node=AskwellLauncherConf, provider="askwell"
)


class AskwellLauncher(BasicLauncher):
    """Hydra's basic launcher where one job runs at a time; else each job has one of several
    processes, which run job after job.
    """

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Any:
        from askwell.command.sweep_jobs import SweepJobs

        jobs = SweepJobs(self, job_overrides, initial_job_idx)
        if jobs.at_once == 1:
            return super().launch(job_overrides, initial_job_idx)
        from askwell.command.side_by_side import run_all

        return run_all(jobs)
