"""What a sweep has left to do, decided before a byte of it is written."""

import json
import pickle
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf, open_dict

from askwell.command.composing import refuse_missing_parts
from askwell.command.jobs import Held, Wish, free_numbers, held_in, matched
from askwell.command.overrides import CONF, latest, parsed, quoted, setting_of
from askwell.errors import UserError
from askwell.files import write_whole
from askwell.run.free_settings import is_free
from askwell.run.identity import free_paths, refuse_other_study, study_of
from askwell.run.notes import FOLDER, SWEEP, UNRESOLVED, as_yaml, read_yaml

BUILT_IN = ("hydra", "main", "schema")
"""Providers of configuration that every run has."""

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


def planned(
    loader: ConfigLoader,
    config: DictConfig,
    arguments: Sequence[str],
    recorded: bool,
    refuse: Callable[[DictConfig], None] | None = None,
) -> list[list[str]]:
    """The jobs to launch, after noting all jobs of the sweep in its multirun.yaml.

    `arguments` make up the sweep or, if it is `recorded` in its folder, change all its jobs. Raises
    UserError, what Hydra raises for a job that does not compose, or what `refuse` raises for one
    that does, before anything is written.
    """
    sweep = Path(config.hydra.sweep.dir)
    before = recorded_jobs(sweep) if recorded or config.resume else []
    if recorded:
        _refuse_axes(arguments)
        began = _as_they_ran(sweep, before)
        jobs = [Planned(latest([*job.overrides, *arguments]), job.folder) for job in began]
    else:
        if config.resume:
            _refuse_lost_sources(sweep, config)
        jobs = [Planned(overrides, None) for overrides in expanded(arguments)]
    compose = Composer(loader, config)
    configs = [compose(job.overrides) for job in jobs]
    for cfg in configs if refuse else ():
        refuse(cfg)  # type: ignore[misc]
    held = held_in(sweep)
    wishes = [Wish.of(cfg, free_paths(cfg)) for cfg in configs]
    if recorded:
        by_name = {one.name: one for one in held}
        matches = [by_name.get(job.folder or "") for job in jobs]
        _refuse_other_runs(sweep, wishes, matches)
        _refuse_other_jobs(began, configs, arguments, compose)
    else:
        matches = matched(wishes, held)
    raw: Any = OmegaConf.to_container(config.hydra.sweep, resolve=False)
    jobs = _placed(jobs, held, matches, is_numbered=raw["subdir"] == NUMBERED)
    todo = [
        job
        for job, wish, match in zip(jobs, wishes, matches, strict=True)
        if match is None or not match.is_finished(wish.limits)
    ]
    if len(todo) < len(jobs):
        print(
            f"{sweep}: {len(jobs) - len(todo)} of {len(jobs)} jobs are finished and left as they "
            "are"
        )
    if todo:
        _note(sweep, config, before, jobs)
    return [job.launched for job in todo]


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


class Composer:
    """Composes jobs as Hydra does, but once for those that differ in plain values alone, as in the
    seed.
    """

    def __init__(self, loader: ConfigLoader, config: DictConfig) -> None:
        self.loader, self.config = loader, config
        self.known: dict[tuple[str, ...], bytes] = {}
        self.groups: set[str] = (
            set()
        )  # settings that turned out to name a choice, of a group outside conf/

    def __call__(self, overrides: Sequence[str]) -> DictConfig:
        """What a job would be given. Raises UserError, or what Hydra raises, for what is no run."""
        plain = {word: parsed(word).value() for word in overrides if self._is_plain(word)}
        alike = tuple(setting_of(word) if word in plain else word for word in overrides)
        if alike not in self.known:
            composed = self._composed(overrides)
            groups = {
                name
                for name in map(setting_of, plain)
                if OmegaConf.is_config(OmegaConf.select(composed, name))
            }
            if groups:
                self.groups |= groups
                return self(overrides)
            self.known[alike] = pickle.dumps(composed)
        cfg: DictConfig = pickle.loads(self.known[alike])  # in half the time of a deepcopy
        for word, value in plain.items():
            OmegaConf.update(cfg, setting_of(word), value)
        return cfg

    def _is_plain(self, word: str) -> bool:
        """Whether an override sets one existing setting to a single value, whatever its kind."""
        setting = setting_of(word)
        is_group = setting in self.groups or re.search("[/@]", setting) or (CONF / setting).is_dir()
        if is_group or not word.startswith(setting):
            return False
        return isinstance(parsed(word).value(), str | int | float | None)

    def _composed(self, overrides: Sequence[str]) -> DictConfig:
        cfg = self.loader.load_sweep_config(self.config, list(overrides))
        with open_dict(cfg):
            del cfg["hydra"]
        refuse_missing_parts(cfg)
        return cfg


def _refuse_axes(changes: Sequence[str]) -> None:
    for word in changes:
        if parsed(word).is_sweep_override():
            raise UserError(
                f"{word} would make it another sweep: askwell train -m resume=true name=... "
                "adds jobs to one"
            )


def _refuse_other_runs(sweep: Path, wishes: Sequence[Wish], matches: Sequence[Held | None]) -> None:
    """Raises UserError if a job would not compute what its folder holds."""
    for wish, held in zip(wishes, matches, strict=True):
        if held is not None:
            refuse_other_study(held.run, json.loads(wish.study), sweep / held.name, wish.free)


def _refuse_other_jobs(
    jobs: Sequence[Planned],
    changed: Sequence[DictConfig],
    changes: Sequence[str],
    compose: Callable[..., DictConfig],
) -> None:
    """Raises UserError if `changes` make a job that has not run yet another one."""
    if all(is_free(setting_of(word)) for word in changes):
        return
    for job, cfg in zip(jobs, changed, strict=True):
        refuse_other_study(
            {"study": study_of(compose(job.overrides))},
            study_of(cfg),
            f"job {job.folder}",
            free_paths(cfg),
        )


def _refuse_lost_sources(sweep: Path, config: DictConfig) -> None:
    """Raises UserError if the sweep was begun with folders of configuration that this command does
    not name.
    """
    if not (sweep / SWEEP).is_file():
        return
    now = {source.path for source in config.hydra.runtime.config_sources}
    try:
        sources = read_yaml(sweep / SWEEP)["hydra"]["runtime"]["config_sources"]
        lost = [
            one["path"]
            for one in sources
            if one["provider"] not in BUILT_IN and one["path"] not in now
        ]
    except (KeyError, TypeError) as error:
        raise UserError(
            f"{sweep / SWEEP} is damaged or not from askwell: put back a copy of it"
        ) from error
    if lost:
        raise UserError(
            f"{sweep} was begun with the configuration in {lost[0]}: name it by hydra.searchpath "
            "again"
        )


def _placed(
    jobs: Sequence[Planned], held: Sequence[Held], matches: Sequence[Held | None], is_numbered: bool
) -> list[Planned]:
    """The jobs with their folders: where they lie, or the next free number."""
    numbers = free_numbers(held, matches)
    placed = []
    for job, match in zip(jobs, matches, strict=True):
        folder = match.name if match is not None else job.folder
        if folder is None and is_numbered:
            folder = next(numbers)
        placed.append(Planned(job.overrides, folder))
    return placed


def _note(
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


def _as_they_ran(sweep: Path, jobs: Sequence[Planned]) -> list[Planned]:
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
