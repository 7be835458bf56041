"""The command line: how train.py starts and ends, and the `askwell` command."""

import argparse
import json
import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console

from askwell.command import sweep
from askwell.command.label import add_label
from askwell.command.overrides import understood
from askwell.command.results import add_results
from askwell.errors import EXIT_WAITING, UserError, exit_with, user_error
from askwell.text import first_of, write_out_unknown

TRUST = "--trust"

CLOSED_PIPE = 128 + signal.SIGPIPE
"""The exit code of a command whose reader went away, as a shell reports it of other commands."""


def launch(train: Callable[[], object], command_line: list[str] | None = None) -> None:
    """Runs a Hydra program: reports its sweep at the end, and a user's mistake in one line with
    exit code 2.

    `command_line`, where given, is first rewritten in place as Hydra reads it.
    """
    os.environ.setdefault(
        "HYDRA_FULL_ERROR", "1"
    )  # Hydra then hands over the exception instead of exiting with 1
    logging.raiseExceptions = (
        False  # a log that cannot be written, as into a closed pipe, is no reason for a traceback
    )
    warnings.filterwarnings(
        "ignore", module="pytorch_lightning"
    )  # advice on loaders that does not fit a growing set
    with_user_errors(lambda: _train_and_report(train, command_line or []))


def with_user_errors(work: Callable[[], object]) -> None:
    """Does `work`; prints what a user can put right as one line and exits with 2.

    A reader of the output that goes away early, as `head` does, ends the program without a word.
    """
    for stream in ("stdout", "stderr"):
        if getattr(sys, stream) is None:  # closed before the start, which no library reckons with
            setattr(sys, stream, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
    write_out_unknown(sys.stdout)
    try:
        try:
            work()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
        sys.exit(CLOSED_PIPE)
    except Exception as error:
        mistake = user_error(error)
        if mistake is None:
            raise
        exit_with(mistake)


def _drop_output() -> None:
    """Sends what is still to be written nowhere, or Python would report it at its very end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _for_hydra(words: Sequence[str]) -> list[str]:
    """A command line as Hydra reads it: flags first, then the overrides in its grammar."""
    from hydra._internal.utils import get_args_parser

    known = get_args_parser().parse_intermixed_args(list(words))
    flags, left = [], list(known.overrides)
    for word in words:
        if left and word == left[0]:
            left.pop(0)
        else:
            flags.append(word)
    return [*flags, *(known.overrides if known.shell_completion else understood(known.overrides))]


def main(arguments: Sequence[str] | None = None) -> None:
    """The `askwell` command."""
    parser = argparse.ArgumentParser(prog="askwell", description="Ask for the labels that matter.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    report = commands.add_parser(
        "report", help="write the report of runs and sweeps again, from what is on disk"
    )
    report.add_argument(
        "folders",
        nargs="+",
        type=Path,
        metavar="FOLDER",
        help="a run or a sweep, such as multirun/mytest",
    )
    report.add_argument(
        "--verdict", action="store_true", help="only print the verdicts as JSON; writes nothing"
    )
    report.add_argument(
        "--output", type=Path, help="where the report goes; the first FOLDER unless said otherwise"
    )
    resume = _add(commands, "resume", "resume a run, a job of a sweep, or a whole sweep", "FOLDER")
    resume.add_argument(
        TRUST, action="store_true", help="run what the folder names, also what is not Askwell's"
    )
    resume.set_defaults(work=lambda chosen: _resume(chosen.subject, chosen.overrides, chosen.trust))
    check = _add(
        commands,
        "check",
        "decode every image of a data set: which are broken, or in both splits",
        "DATASET",
    )
    check.set_defaults(work=lambda chosen: _check(chosen.subject, chosen.overrides))
    conform = _add(commands, "conform", "try whether a strategy keeps its contract", "STRATEGY")
    conform.set_defaults(work=lambda chosen: _conform(chosen.subject, chosen.overrides))
    dashboard = commands.add_parser(
        "dashboard", help="save the report's panels as a view of a W&B project"
    )
    dashboard.add_argument(
        "--project", help="the one that conf/logger/wandb.yaml names unless said otherwise"
    )
    dashboard.add_argument(
        "--entity", help="whose project; the one that W&B takes for your runs unless said otherwise"
    )
    dashboard.set_defaults(work=lambda chosen: _dashboard(chosen.project, chosen.entity))
    add_label(commands)
    add_results(commands)
    report.set_defaults(work=_report)
    with_user_errors(lambda: _do(parser, sys.argv[1:] if arguments is None else arguments))


def _do(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    flags_first = [*arguments[:1], *sorted(arguments[1:], key=lambda word: word != TRUST)]
    chosen = parser.parse_args(flags_first)
    chosen.work(chosen)


def _add(commands: Any, name: str, tells: str, subject: str) -> argparse.ArgumentParser:
    """A command on one subject, with overrides as train.py takes them."""
    command: argparse.ArgumentParser = commands.add_parser(name, help=tells, description=tells)
    command.add_argument("subject", metavar=subject)
    command.add_argument(
        "overrides", nargs="*", metavar="OVERRIDE", help="as for train.py, such as rounds=30"
    )
    return command


def _report(chosen: argparse.Namespace) -> None:
    if chosen.verdict:
        print_verdicts(chosen.folders)
    else:
        report_on(chosen.folders, chosen.output or chosen.folders[0])


def _resume(folder: str, overrides: list[str], trust: bool) -> None:
    from askwell.command.resume import resume

    resume(Path(folder), overrides, trust)


def _check(dataset: str, overrides: list[str]) -> None:
    from askwell.command.check import check

    check(dataset, overrides)


def _conform(strategy: str, overrides: list[str]) -> None:
    from askwell.command.check import conform

    conform(strategy, overrides)


def _dashboard(project: str | None, entity: str | None) -> None:
    if find_spec("wandb_workspaces") is None:
        raise UserError("the dashboard needs wandb-workspaces: pip install -e .[dashboard]")
    from askwell.command.dashboard import push

    print(f"dashboard: {push(project, entity)}")


def report_on(folders: Sequence[Path], output: Path) -> None:
    """Writes the report of `folders` into `output` and prints its tables, its verdict and its
    path.
    """
    from askwell.report import (  # pandas and matplotlib: seconds that --help need not wait
        closing,
        write_report,
    )

    report = write_report(folders, output)
    console = (
        Console()
    )  # which a reader that goes away early, as `head` does, ends without a traceback
    console.print(closing(report))
    console.out(f"report: {report.page}", highlight=False)


def print_verdicts(folders: Sequence[Path]) -> None:
    """Prints the verdict on each group of runs as JSON."""
    from askwell.report.summary import summaries

    print(json.dumps(summaries(folders), indent=1, allow_nan=False))


def _train_and_report(train: Callable[[], object], command_line: list[str]) -> None:
    command_line[1:] = _for_hydra(command_line[1:])
    sweep.waiting.clear()
    try:
        train()
    finally:
        for folder in sweep.started:
            if any(folder.glob("*/run.json")):
                report_on([folder], folder)
        sweep.remove_empty_folders()
    if sweep.waiting:
        jobs = [str(job) for job in sweep.waiting]
        print(f"{len(jobs)} jobs wait for answers: {first_of(jobs)}")
        sys.exit(EXIT_WAITING)
