"""The jobs of a sweep as its launcher sees them: each composed when its turn comes."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf, open_dict

from askwell.command.capacity import Machine, is_on_gpu, jobs_at_once
from askwell.command.overrides import setting_of


class Job(NamedTuple):
    """One job, ready to run."""

    config: DictConfig  # with Hydra's part
    folder: Path
    title: str  # what distinguishes it within the sweep


class SweepJobs:
    """The jobs that a launcher was given, and how many of them run at once."""

    def __init__(self, launcher: Any, overrides: Sequence[Sequence[str]], first: int) -> None:
        self.task, self.context = launcher.task_function, launcher.hydra_context
        self.config, self.overrides, self.first = launcher.config, overrides, first

    def __len__(self) -> int:
        return len(self.overrides)

    def __iter__(self) -> Iterator[Job]:
        return map(self._job, range(len(self)))

    @cached_property
    def at_once(self) -> int:
        """How many run at once, by the settings of the first. A job of several processes has the
        machine to itself.
        """
        if len(self) == 1:
            return 1
        job = self._first
        if str(job.trainer.get("devices", 1)) != "1" or job.trainer.get("num_nodes", 1) != 1:
            return 1
        on_gpu = is_on_gpu(job.trainer)
        return jobs_at_once(job.jobs, len(self), job.threads or 1, on_gpu, Machine.here())

    @property
    def on_gpu(self) -> bool:
        return is_on_gpu(self._first.trainer)

    @cached_property
    def _first(self) -> DictConfig:
        return self._composed(0)

    def _job(self, place: int) -> Job:
        config = self._composed(place)
        HydraConfig.instance().set_config(config)
        folder = Path(config.hydra.sweep.dir, str(OmegaConf.select(config, "hydra.sweep.subdir")))
        HydraConfig.instance().set_config(self.config)
        return Job(config, folder, self._title(place))

    def _composed(self, place: int) -> DictConfig:
        """What the job is given, as Hydra's own launcher composes it."""
        loader = self.context.config_loader
        config = loader.load_sweep_config(self.config, list(self.overrides[place]))
        with open_dict(config):
            config.hydra.job.id = config.hydra.job.num = self.first + place
        return config

    def _title(self, place: int) -> str:
        common = set.intersection(*map(set, self.overrides))
        words = [word for word in self.overrides[place] if word not in common]
        return " ".join(word for word in words if not setting_of(word).startswith("hydra."))
