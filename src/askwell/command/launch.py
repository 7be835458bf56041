"""How a Hydra program starts and ends: its words as people type them, its sweep with a report."""

import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from hydra._internal.utils import get_args_parser

from askwell.command import cli, sweep
from askwell.command.overrides import understood
from askwell.command.program import settle
from askwell.errors import EXIT_WAITING
from askwell.run.run_json import read_run
from askwell.text import first_of


def launch(train: Callable[[], object], command_line: list[str] | None = None) -> None:
    """Runs a Hydra program: reports its sweep at the end, and a user's mistake in one line with
    exit code 2.

    `command_line`, where given, is first rewritten in place as Hydra reads it.
    """
    settle()
    cli.with_user_errors(lambda: _train_and_report(train, command_line or []))


def _train_and_report(train: Callable[[], object], command_line: list[str]) -> None:
    command_line[1:] = _for_hydra(command_line[1:])
    try:
        train()
    finally:
        for folder in sweep.started:
            if any(folder.glob("*/run.json")) and not _is_reported(folder):
                cli.report_on([folder], folder)
        sweep.remove_empty_folders()
    if jobs := waiting_in(sweep.started):
        print(f"{len(jobs)} jobs wait for answers: {_answered_by(jobs)}")
        sys.exit(EXIT_WAITING)


def _is_reported(sweep: Path) -> bool:
    """Whether the report is newer than all that it shows, as where every job was finished."""
    report = sweep / "report.html"
    shown = [file for name in ("run.json", "rounds.jsonl") for file in sweep.glob(f"*/{name}")]
    newest = max(file.stat().st_mtime_ns for file in shown)
    return report.is_file() and report.stat().st_mtime_ns > newest


def waiting_in(sweeps: Iterable[Path]) -> list[str]:
    """The folders of jobs that wait for people, whichever process ran them."""
    runs = [run for folder in sweeps for run in sorted(folder.glob("*/run.json"))]
    waits = [run.parent for run in runs if (read_run(run.parent) or {}).get("status") == "waiting"]
    return [str(folder) for folder in waits]


def _answered_by(jobs: Sequence[str]) -> str:
    """The command that asks people for all `jobs`, or where their questions are."""
    from askwell.run.question import ASKED  # numpy and Pillow, which --help need not wait for

    sweeps = dict.fromkeys(Path(job).parent for job in jobs if (Path(job) / ASKED).exists())
    return first_of([f"askwell label {shlex.quote(str(folder))}" for folder in sweeps] or jobs)


def _for_hydra(words: Sequence[str]) -> list[str]:
    """A command line as Hydra reads it: flags first, then the overrides in its grammar."""
    known = get_args_parser().parse_intermixed_args(list(words))
    flags, left = [], list(known.overrides)
    for word in words:
        if left and word == left[0]:
            left.pop(0)
        else:
            flags.append(word)
    return [*flags, *(known.overrides if known.shell_completion else understood(known.overrides))]
