"""The jobs of a sweep and the folders that hold them: a job is known by what it computes."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig, OmegaConf

from askwell.run.free_settings import LIMITS, PLACES, is_free
from askwell.run.identity import study_of, study_of_run
from askwell.run.notes import FOLDER, read_yaml
from askwell.run.run_json import read_run

COMPARED = (*LIMITS, *PLACES)
"""Free settings that distinguish jobs of one study, as in a sweep over dataset.root."""


class Wish(NamedTuple):
    """What a job would compute."""

    study: str  # as JSON
    free: tuple[str, ...]  # settings that do not count
    places: str  # COMPARED, as JSON
    limits: dict[str, Any]

    @classmethod
    def of(cls, cfg: DictConfig, free: tuple[str, ...]) -> "Wish":
        places = {path: OmegaConf.select(cfg, path) for path in COMPARED}
        return cls(_json(study_of(cfg)), free, _json(places), {name: cfg[name] for name in LIMITS})


class Held(NamedTuple):
    """What a folder of a sweep holds."""

    name: str
    run: dict[str, Any]
    study: str
    places: str
    is_taken: bool  # not by a run that failed before its first round

    def holds(self, wish: Wish) -> bool:
        return _counted(self.study, wish.free) == _counted(wish.study, wish.free)

    def is_finished(self, limits: Mapping[str, Any]) -> bool:
        return self.run.get("status") == "finished" and self.run.get("limits") == limits


def held_in(sweep: Path) -> list[Held]:
    """What the folders of a sweep hold, in the order of their numbers. Raises UserError for a
    damaged run.json.
    """
    found = (_held(folder) for folder in sorted(sweep.glob("*/"), key=_by_number))
    return [held for held in found if held is not None]


def matched(wishes: Sequence[Wish], held: Sequence[Held]) -> list[Held | None]:
    """For each job the folder that holds it, or None. No folder serves two jobs."""
    left, found = list(held), list[Held | None]([None] * len(wishes))
    for alike in (lambda one, wish: one.places == wish.places, lambda one, wish: True):
        for number, wish in enumerate(wishes):
            if found[number] is None:
                found[number] = next(
                    (one for one in left if alike(one, wish) and one.holds(wish)), None
                )
                if found[number] is not None:
                    left.remove(found[number])  # type: ignore[arg-type]
    return found


def free_numbers(held: Sequence[Held], matches: Sequence[Held | None]) -> Any:
    """Numbers for new jobs, the lowest first."""
    taken = {one.name for one in held if one.is_taken} | {
        one.name for one in matches if one is not None
    }
    number = 0
    while True:
        if str(number) not in taken:
            yield str(number)
        number += 1


def _held(folder: Path) -> Held | None:
    run, has_record = read_run(folder), _has_record(folder)
    has_config = (folder / FOLDER / "config.yaml").is_file()  # written as it was submitted
    if run is None and not has_record and not has_config:
        return None
    study = study_of_run(run) if run else None
    config = (run or {}).get("config")
    if study is None and has_config:
        config = read_yaml(folder / FOLDER / "config.yaml")
        study = study_of(OmegaConf.create(config)) if isinstance(config, dict) else None
    places = {path: _at(config, path) for path in COMPARED}
    is_taken = has_record or (run or {}).get("status") != "failed"
    return Held(folder.name, run or {}, _json(study or {}), _json(places), is_taken)


def _has_record(folder: Path) -> bool:
    return (folder / "rounds.jsonl").exists() or any((folder / "checkpoints").glob("last.ckpt*"))


def _at(config: Any, path: str) -> Any:
    for key in path.split("."):
        config = config.get(key) if isinstance(config, dict) else None
    return config


@cache
def _counted(study: str, free: tuple[str, ...]) -> str:
    return _json(
        {path: value for path, value in json.loads(study).items() if not is_free(path, free)}
    )


def _json(content: Any) -> str:
    return json.dumps(content, sort_keys=True, default=str)


def _by_number(folder: Path) -> tuple[bool, int, str]:
    return (
        not folder.name.isdecimal(),
        int(folder.name) if folder.name.isdecimal() else 0,
        folder.name,
    )
