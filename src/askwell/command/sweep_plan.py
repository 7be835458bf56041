"""What a sweep has left to do, decided before a byte of it is written."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig, OmegaConf

from askwell.command.composing import Composer
from askwell.command.jobs import Held, Wish, free_numbers, held_in, matched
from askwell.command.overrides import latest, parsed, setting_of
from askwell.command.sweep_record import (
    NUMBERED,
    Planned,
    as_they_ran,
    expanded,
    note,
    recorded_jobs,
)
from askwell.errors import UserError
from askwell.run.free_settings import is_free
from askwell.run.identity import free_paths, refuse_other_study, study_of
from askwell.run.notes import SWEEP, read_yaml

BUILT_IN = ("hydra", "main", "schema")
"""Providers of configuration that every run has."""


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
        began = as_they_ran(sweep, before)
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
        note(sweep, config, before, jobs)
    return [job.launched for job in todo]


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
