"""Askwell's sweeper as Hydra finds it: `hydra/sweeper=askwell`, the default. Imported at each
start, so it is small.
"""

from dataclasses import dataclass, field
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_store import ConfigStore


@dataclass
class AskwellSweeperConf:
    _target_: str = "hydra_plugins.askwell_sweeper.AskwellSweeper"
    max_batch_size: int | None = None
    params: dict[str, str] | None = field(default_factory=dict)
    recorded: bool = (
        False  # the jobs are those of the sweep's folder, and the overrides change all of them
    )


ConfigStore.instance().store(
    group="hydra/sweeper", name="askwell", node=AskwellSweeperConf, provider="askwell"
)


class AskwellSweeper(BasicSweeper):
    """Hydra's basic sweeper, but a job is known by what it computes and not by its place in the
    list.

    With resume=true a sweep runs what is missing of it, in the folders where it lies, and more jobs
    get new folders.
    """

    def __init__(
        self,
        max_batch_size: int | None,
        params: dict[str, str] | None = None,
        recorded: bool = False,
    ) -> None:
        super().__init__(max_batch_size, params)
        self.recorded = recorded

    def sweep(self, arguments: list[str]) -> Any:
        from askwell.command import sweep
        from askwell.command.sweep_plan import planned

        config: Any = self.config
        context: Any = self.hydra_context
        launcher: Any = self.launcher
        returns: list[Any] = []
        words = arguments if self.recorded else [*self._parse_config(), *arguments]
        with sweep.silent_if_refused():
            refuse = getattr(launcher, "refuse", None)
            jobs = planned(context.config_loader, config, words, self.recorded, refuse)
        for batch in self.split_overrides_to_chunks(jobs, self.max_batch_size) if jobs else ():
            results = launcher.launch(batch, initial_job_idx=sum(map(len, returns)))
            for result in results:
                _ = result.return_value  # raises what a job raised
            returns.append(results)
        return returns
