"""What a sweep consists of, as its multirun.yaml tells: the jobs, and where they lie."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

from askwell.command.overrides import quoted
from askwell.errors import UserError
from askwell.files import write_whole
from askwell.run.notes import FOLDER, SWEEP, UNRESOLVED, as_yaml, read_yaml

NUMBERED = "${hydra.job.num}"
"""The setting hydra.sweep.subdir where nobody changed it: jobs lie in folders by number."""


class Planned(NamedTuple):
    """A job of a sweep: its overrides, and its folder where the sweep decides that."""

    overrides: list[str]
    folder: str | None

    @property
    def launched(self) -> list[str]:
        return (
            self.overrides
            if self.folder is None
            else [*self.overrides, f"hydra.sweep.subdir={quoted(self.folder)}"]
        )


def expanded(overrides: Sequence[str]) -> list[list[str]]:
    """The overrides of every job: all combinations of the values given."""
    return BasicSweeper.split_arguments(
        OverridesParser.create().parse_overrides(list(overrides)), None
    )[0]


def recorded_jobs(sweep: Path) -> list[Planned]:
    """The jobs that a sweep's multirun.yaml tells of; none where there is none. Raises UserError
    for a damaged one.
    """
    file = sweep / SWEEP
    if not file.is_file():
        return []
    try:
        hydra = read_yaml(file)["hydra"]
        jobs = hydra["sweeper"].get("jobs")
        if jobs is None:  # a sweep from before jobs were noted: in the order of their numbers
            axes = [
                f"{axis}={values}"
                for axis, values in (hydra["sweeper"].get("params") or {}).items()
            ]
            words = expanded([*axes, *hydra["overrides"]["task"]])
            is_numbered = hydra["sweep"]["subdir"] == NUMBERED
            return [
                Planned(job, str(number) if is_numbered else None)
                for number, job in enumerate(words)
            ]
        return [
            Planned([str(word) for word in job["overrides"]], _name(job["folder"])) for job in jobs
        ]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UserError(f"{file} is damaged or not from askwell: put back a copy of it") from error


def as_they_ran(sweep: Path, jobs: Sequence[Planned]) -> list[Planned]:
    """The jobs as they last ran, where they ran: a change that was refused is not among their
    overrides.
    """
    ran = {job.folder: overrides_in(sweep / job.folder) for job in jobs if job.folder}
    return [Planned((job.folder and ran[job.folder]) or job.overrides, job.folder) for job in jobs]


def overrides_in(run: Path) -> list[str] | None:
    """The overrides that a run was called with, by Hydra's note in its folder; None where there is
    none.
    """
    file = run / FOLDER / "overrides.yaml"
    found = read_yaml(file) if file.is_file() else None
    return [str(word) for word in found] if isinstance(found, list) else None


def note(
    sweep: Path, config: DictConfig, before: Sequence[Planned], jobs: Sequence[Planned]
) -> None:
    """Writes multirun.yaml as Hydra does, with the jobs that the sweep consists of by now."""
    known: dict[Any, Planned] = {
        job.folder or tuple(job.overrides): job for job in [*before, *jobs]
    }
    content: Any = OmegaConf.to_container(config, **UNRESOLVED)
    content["hydra"]["sweeper"]["jobs"] = [job._asdict() for job in known.values()]
    write_whole(sweep / SWEEP, as_yaml(content))


def _name(folder: Any) -> str | None:
    if folder is None:
        return None
    if "/" in str(folder) or str(folder) in ("", ".", ".."):
        raise ValueError(folder)
    return str(folder)
