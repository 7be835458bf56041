"""Resuming a run, or a whole sweep, from nothing but its folder."""

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from askwell.command.overrides import CONF, PACKAGE, latest, quoted, understood
from askwell.command.program import become, typed
from askwell.command.sweep_record import overrides_in, recorded_jobs
from askwell.command.trust import foreign
from askwell.errors import UserError
from askwell.run.notes import FOLDER, SWEEP, read_yaml
from askwell.run.run_json import read_run
from askwell.text import first_of, visible

RECORDS = {SWEEP: "MULTIRUN", f"{FOLDER}/hydra.yaml": "RUN"}
"""Where a folder has it noted how it was called, and the mode in which it is called again."""

SCRIPT = CONF.parent / "train.py"
"""Askwell's own program where this is a checkout; there is none in an installed package."""


class Command(NamedTuple):
    """A call of a Hydra program."""

    folder: Path  # where it is called
    program: Path | None  # a script, or `askwell train`
    arguments: list[str]


class Record(NamedTuple):
    """How a folder's run or sweep was called, as noted there; nothing of it is trusted."""

    mode: str
    overrides: list[str]
    called_in: Path
    program: Path
    config_name: str
    config_dirs: list[str]  # beside that of the program
    sweeper: str


def resume(folder: Path, overrides: Sequence[str] = (), trust: bool = False) -> NoReturn:
    """Becomes the program that began `folder`, resuming there."""
    command = command_to_resume(folder.absolute(), overrides, trust)
    os.chdir(command.folder)
    become(command.program, command.arguments)


def command_to_resume(folder: Path, overrides: Sequence[str] = (), trust: bool = False) -> Command:
    """The command that began the run, the job of a sweep, or the sweep in `folder`; `overrides`
    take precedence.

    Raises UserError where `folder` holds neither, or where it names what is not Askwell's and
    `trust` is not given. The folder may have been moved, also to another machine: paths noted in it
    count only where they
    exist.
    """
    record = _record(folder)
    is_sweep = record.mode == "MULTIRUN"
    again = [
        f"hydra.mode={record.mode}",
        f"hydra.{'sweep' if is_sweep else 'run'}.dir={quoted(folder)}",
        "resume=true",
    ]
    if is_sweep and record.sweeper in ("askwell", "basic"):
        again.append("hydra.sweeper.recorded=true")  # its jobs are noted in the folder
        began = [
            word
            for word in record.overrides
            if re.match(r"[+~]*hydra(/(?!sweeper=)|\.(?!sweeper\.params))", word)
        ]
    else:
        began = record.overrides
    flags = [word for path in record.config_dirs[:1] for word in ("--config-dir", path)]
    if record.config_name != "config":
        flags += ["--config-name", record.config_name]
    command = Command(
        record.called_in if record.called_in.is_dir() else Path.cwd(),
        _script(record.program),
        [*flags, *latest([*began, *_name(folder), *again, *understood(overrides)])],
    )
    if not trust:
        _refuse_foreign(folder, record, command)
    return command


def foreign_in(folder: Path) -> list[str]:
    """What a folder names that is not Askwell's, and that resuming it could run."""
    return _foreign(folder, _record(folder), command_to_resume(folder, trust=True))


def _script(recorded: Path) -> Path | None:
    """The script that began a run if it is still there, else Askwell's own; None for
    `askwell train`. A module of the package is no script, whatever the run is called.
    """
    scripts = [path for path in (recorded, SCRIPT) if not path.is_relative_to(PACKAGE)]
    return next(filter(Path.is_file, scripts), None)


def _refuse_foreign(folder: Path, record: Record, command: Command) -> None:
    """Raises UserError, showing the whole command, if the folder names anything that is not
    Askwell's.
    """
    if found := _foreign(folder, record, command):
        line = shlex.join(typed(command.program, command.arguments))
        names = first_of([visible(word) for word in found])
        raise UserError(
            f"{folder} names what is not Askwell's and could run anything: {names}. "
            f"If you trust whoever made the folder, add --trust, which runs: {visible(line)}"
        )


def _foreign(folder: Path, record: Record, command: Command) -> list[str]:
    words = record.overrides
    if record.mode == "MULTIRUN":
        jobs = recorded_jobs(folder)
        words = [*words, *(word for job in jobs for word in job.overrides)]
        words += [
            word for job in jobs if job.folder for word in overrides_in(folder / job.folder) or ()
        ]
    return [
        *([str(command.program)] if _is_foreign(command.program) else []),
        *record.config_dirs,
        *([record.config_name] if not re.fullmatch(r"\w+", record.config_name) else []),
        *foreign(words),
    ]


def _record(folder: Path) -> Record:
    """What was noted in `folder`, unresolved: the time in an override is not that of now."""
    for name, mode in RECORDS.items():
        file = folder / name
        if file.is_file():
            try:
                return _read(read_yaml(file)["hydra"], mode)
            except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
                raise UserError(
                    f"{file} is damaged or not from askwell: put back a copy of it"
                ) from error
    raise UserError(f"{folder} holds no run and no sweep: expected {' or '.join(RECORDS)} in it")


def _read(hydra: dict[str, Any], mode: str) -> Record:
    runtime, overrides = hydra["runtime"], hydra["overrides"]
    sources = {str(source["provider"]): str(source["path"]) for source in runtime["config_sources"]}
    name = str(hydra["job"]["name"])
    if not re.fullmatch(r"[\w.-]+", name) or "\0" in str(sources) + str(runtime["cwd"]):
        raise ValueError(name)
    return Record(
        mode,
        [str(word) for word in [*overrides["hydra"], *overrides["task"]]],
        Path(str(runtime["cwd"])),
        Path(sources["main"]).parent / f"{name}.py",
        str(hydra["job"].get("config_name") or "config"),
        [path for provider, path in sources.items() if provider == "command-line"],
        str((runtime.get("choices") or {}).get("hydra/sweeper", "basic")),
    )


def _name(folder: Path) -> list[str]:
    """The name that a run, or the runs of a sweep, went by: if nobody gave one it was the time."""
    runs = filter(None, map(read_run, (folder, *sorted(folder.glob("*/")))))
    return [f"name={quoted(run['name'])}" for run in runs if "name" in run][:1]


def _is_foreign(program: Path | None) -> bool:
    return program is not None and program.resolve() != SCRIPT.resolve()
