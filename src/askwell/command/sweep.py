"""Hydra's side of a run: nothing is written over, and every sweep ends with its report."""

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from askwell.command.capacity import refuse_bad_numbers
from askwell.command.overrides import quoted, setting_of
from askwell.errors import UserError, exit_with, user_error
from askwell.run.notes import SWEEP
from askwell.run.run_folder import is_first_process
from askwell.run.run_json import refuse_used

started: list[Path] = []
"""Folders of the sweeps that this process runs."""

made: list[Path] = []
"""Folders that were not there before this process."""


class GuardFolders(Callback):
    """Refuses used folders before Hydra writes into them, and remembers sweeps for their report.

    A run or a sweep that is called by the time gets a folder of its own, also beside others of that
    second.
    """

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        if is_first_process():  # the others share its folder
            _or_exit(lambda: _prepare_run(config))

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        _or_exit(lambda: _prepare_sweep(config))
        started.append(Path(config.hydra.sweep.dir))

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        if job_return.status != JobStatus.FAILED:
            return
        if "num" in config.hydra.job:
            job = Path(config.hydra.runtime.output_dir).name
            print(f"job {job} failed: {job_return._return_value}", file=sys.stderr)
        elif mistake := user_error(job_return._return_value):
            exit_with(mistake)  # before Hydra adds a line of its own


def is_job() -> bool:
    """Whether this process runs a sweep, and this is one of its jobs."""
    return HydraConfig.get().mode == RunMode.MULTIRUN


def sweep_of_run() -> Path | None:
    """The folder of the sweep that this run is a job of, also where its process runs it alone."""
    hydra = HydraConfig.get()
    if is_job():
        return Path(hydra.sweep.dir)
    above = Path(hydra.runtime.output_dir).parent
    return above if (above / SWEEP).is_file() else None


def sweeper_of(hydra: Any) -> str:
    """The sweeper by name. Askwell's counts as Hydra's basic one: it too runs its jobs whatever
    their accuracy.
    """
    chosen = hydra.runtime.choices["hydra/sweeper"]
    return "basic" if chosen == "askwell" else chosen


def refuse_nested(trainer: Any) -> None:
    """Raises UserError where a job of a sweep would start processes: each of them would run the
    whole sweep again.
    """
    if is_job() and trainer.world_size > 1 and trainer.strategy.launcher is not None:
        raise UserError(
            f"trainer.devices={trainer.num_devices} in a sweep: each process would start the "
            "sweep again. Give every job one device, trainer.devices=1: jobs run side by side, "
            "here or by askwell submit"
        )


@contextmanager
def silent_if_refused() -> Iterator[None]:
    """Takes back that a sweep was started, where it is refused: its report stays as it is."""
    try:
        yield
    except BaseException:
        started.clear()
        raise


def remove_empty_folders() -> None:
    """Takes away what this process made and never filled: a refused command leaves no folder
    behind.
    """
    for folder in sorted(made, key=lambda folder: -len(folder.parts)):
        with suppress(OSError):  # it holds something, or is gone
            folder.rmdir()
    made.clear()


def _prepare_run(config: DictConfig) -> None:
    _refuse_no_name(config)
    refuse_bad_numbers(config)
    folder = _claimed(config, "hydra.run.dir")
    refuse_used([folder], config.resume)
    _remember(folder)


def _prepare_sweep(config: DictConfig) -> None:
    _refuse_no_name(config)
    refuse_bad_numbers(config)
    folder = _claimed(config, "hydra.sweep.dir")
    refuse_used([path.parent for path in sorted(folder.glob("*/run.json"))], config.resume)
    _remember(folder)


def _refuse_no_name(config: DictConfig) -> None:
    if config.name in (None, ""):
        raise UserError("name=null: expected the name of a folder, or leave it out for the time")
    for setting in ("hydra.run.dir", "hydra.sweep.dir"):
        if not OmegaConf.select(config, setting):
            raise UserError(f"{setting} is empty: expected a folder")


def _claimed(config: DictConfig, setting: str) -> Path:
    """The folder that `setting` names, created here and now if the time named it: whoever else
    comes takes another.
    """
    folder = Path(OmegaConf.select(config, setting))
    if config.resume or "${now:" not in str(OmegaConf.to_container(config, resolve=False)["name"]):  # type: ignore
        return folder
    name = config.name
    for number in count(1):
        wished = name if number == 1 else f"{name}-{number}"
        _rename(config, wished)
        candidate = Path(OmegaConf.select(config, setting))
        if number > 1 and candidate == folder:
            return folder  # whose place does not depend on the name
        _remember(candidate)
        with suppress(FileExistsError):
            candidate.parent.mkdir(parents=True, exist_ok=True)
            candidate.mkdir()
            break
    return candidate


def _rename(config: DictConfig, name: str) -> None:
    """Calls the run, or the sweep and all its jobs, `name`."""
    with read_write(config), open_dict(config):
        config.name = name
    with read_write(config.hydra), open_dict(config.hydra):
        kept = [word for word in config.hydra.overrides.task if setting_of(word) != "name"]
        config.hydra.overrides.task = [*kept, f"name={quoted(name)}"]


def _remember(folder: Path) -> None:
    made.extend(
        path for path in (folder, *folder.parents) if path not in made and not path.exists()
    )


def _or_exit(work: Callable[[], None]) -> None:
    """Exits by itself, since Hydra turns the exceptions of its callbacks into warnings."""
    try:
        work()
    except Exception as error:
        remove_empty_folders()
        if mistake := user_error(error):
            exit_with(mistake)
        traceback.print_exc()
        sys.exit(1)
