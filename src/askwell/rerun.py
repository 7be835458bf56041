"""Going on with a run, or with a whole sweep, from nothing but its folder."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import yaml
from hydra.core.override_parser.types import Quote, QuotedString

from askwell.errors import UserError
from askwell.folder import read_run

RECORDS = {"multirun.yaml": "MULTIRUN", ".hydra/hydra.yaml": "RUN"}
"""Where Hydra notes in a folder how it was called, and the mode in which the folder is called again."""


class Command(NamedTuple):
    """A call of a Hydra program."""

    folder: Path  # where it is called
    program: Path
    arguments: list[str]


def resume(folder: Path, overrides: Sequence[str] = ()) -> NoReturn:
    """Becomes the program that began `folder`, going on there: signals and exit codes are its own."""
    command = command_to_resume(folder.absolute(), overrides)
    os.chdir(command.folder)
    os.execv(sys.executable, [sys.executable, str(command.program), *command.arguments])


def command_to_resume(folder: Path, overrides: Sequence[str] = ()) -> Command:
    """The command that began the run, the job of a sweep, or the sweep in `folder`; `overrides` take precedence.

    Raises UserError where `folder` holds neither, or where its program is gone.
    """
    record, mode = _record(folder)
    again = [
        f"hydra.mode={mode}",
        f"hydra.{'run' if mode == 'RUN' else 'sweep'}.dir={_quoted(folder)}",
        "resume=true",
    ]
    sources = {source["provider"]: source["path"] for source in record["runtime"]["config_sources"]}
    flags = ["--config-dir", sources["command-line"]] if "command-line" in sources else []
    began = [*record["overrides"]["hydra"], *record["overrides"]["task"], *_name(folder)]
    return Command(
        _existing(Path(record["runtime"]["cwd"])),
        _existing(Path(sources["main"]).parent / f"{record['job']['name']}.py"),
        [*flags, *_latest([*began, *again, *overrides])],
    )


def _record(folder: Path) -> tuple[dict[str, Any], str]:
    """What Hydra noted of itself in `folder`, unresolved (the time in an override is not that of now), and the mode."""
    for name, mode in RECORDS.items():
        if (folder / name).is_file():
            return yaml.safe_load((folder / name).read_text())["hydra"], mode
    raise UserError(f"{folder} holds no run and no sweep: expected {' or '.join(RECORDS)} in it")


def _name(folder: Path) -> list[str]:
    """The name that a run, or the runs of a sweep, went by: if nobody gave one it was the time."""
    runs = filter(None, map(read_run, (folder, *sorted(folder.glob("*/")))))
    return [f"name={_quoted(run['name'])}" for run in runs][:1]


def _existing(path: Path) -> Path:
    if not path.exists():
        raise UserError(f"{path} is not there any more: put it back, or call the program yourself with resume=true")
    return path


def _latest(overrides: Sequence[str]) -> list[str]:
    """Of several overrides of one setting the last."""
    return list({override.lstrip("+~").partition("=")[0]: override for override in overrides}.values())


def _quoted(text: object) -> str:
    return QuotedString(str(text), Quote.single).with_quotes()
