"""Askwell's launchers as Hydra finds them: `hydra/launcher=askwell`, the default, and `submit`.
Imported at each start, so this is small.
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


class SubmitLauncher(BasicLauncher):
    """Hands the jobs to Slurm and leaves. `settings`: conf/hydra/launcher/submit.yaml."""

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.settings = settings

    def setup(self, **parts: Any) -> None:
        from askwell.command.submit import refuse_here

        super().setup(**parts)
        refuse_here(self.settings, parts["config"])

    def refuse(self, job: Any) -> None:
        """Raises UserError for the configuration of a job that cannot run without its user."""
        from askwell.command.submit import refuse_job

        refuse_job(job)

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Any:
        from askwell.command.submit import submit

        assert self.config is not None  # Hydra sets it up first
        submit(self.settings, self.hydra_context, self.config, job_overrides)
        return []
