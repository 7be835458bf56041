"""The `askwell` command."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from askwell.command.demo import add_demo
from askwell.command.label import add_label
from askwell.command.results import add_results
from askwell.errors import UserError, exit_with, user_error
from askwell.text import write_out_unknown

TRAIN, SUBMIT, TRUST, PROBE = "train", "submit", "--trust", "--probe"

CLOSED_PIPE = 128 + signal.SIGPIPE
"""The exit code of a command whose reader went away, as a shell reports it of other commands."""


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


def main(arguments: Sequence[str] | None = None) -> None:
    """The `askwell` command."""
    parser = argparse.ArgumentParser(prog="askwell", description="Ask for the labels that matter.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser(TRAIN, help="one run, or with -m a sweep; train --help lists the choices")
    commands.add_parser(SUBMIT, help="hand a sweep to a Slurm cluster: submit -m, as train -m")
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
    embed = _add(commands, "embed", "compute the rows of an encoder beforehand", "DATASET")
    embed.add_argument(
        PROBE, action="store_true", help="also print what a linear head makes of a few labels"
    )
    embed.set_defaults(work=lambda chosen: _embed(chosen.subject, chosen.overrides, chosen.probe))
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
    add_demo(commands)
    add_results(commands)
    report.set_defaults(work=_report)
    with_user_errors(lambda: _do(parser, sys.argv[1:] if arguments is None else arguments))


def _do(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    if arguments and arguments[0] in (TRAIN, SUBMIT):  # the flags after it are Hydra's
        return _train(*arguments)
    own = (TRUST, PROBE)
    flags_first = [*arguments[:1], *sorted(arguments[1:], key=lambda word: word not in own)]
    chosen = parser.parse_args(flags_first)
    chosen.work(chosen)


def _add(commands: Any, name: str, tells: str, subject: str) -> argparse.ArgumentParser:
    """A command on one subject, with overrides as `askwell train` takes them."""
    command: argparse.ArgumentParser = commands.add_parser(name, help=tells, description=tells)
    command.add_argument("subject", metavar=subject)
    command.add_argument(
        "overrides", nargs="*", metavar="OVERRIDE", help="as for askwell train, such as rounds=30"
    )
    return command


def _train(command: str, *words: str) -> None:
    from askwell.command.program import become

    become(None, words if command == TRAIN else ["-m", *words, "hydra/launcher=submit"])


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


def _embed(dataset: str, overrides: list[str], probe: bool) -> None:
    from askwell.command.embed import embed

    embed(dataset, overrides, probe)


def _conform(strategy: str, overrides: list[str]) -> None:
    from askwell.command.check import conform

    conform(strategy, overrides)


def _dashboard(project: str | None, entity: str | None) -> None:
    if find_spec("wandb_workspaces") is None:
        raise UserError("the dashboard needs wandb-workspaces: pip install wandb-workspaces")
    from askwell.command.dashboard import push

    print(f"dashboard: {push(project, entity)}")


def report_on(folders: Sequence[Path], output: Path) -> None:
    """Writes the report of `folders` into `output` and prints its tables, its verdict and its
    path.
    """
    from rich.console import Console

    from askwell.report import (  # pandas and matplotlib: seconds that --help need not wait
        closing,
        write_report,
    )

    report = write_report(folders, output)
    console = Console()  # which a reader that goes away, as `head` does, ends without a traceback
    console.print(closing(report))
    console.out(f"report: {report.page}", highlight=False)


def print_verdicts(folders: Sequence[Path]) -> None:
    """Prints the verdict on each group of runs as JSON."""
    from askwell.report.summary import summaries

    print(json.dumps(summaries(folders), indent=1, allow_nan=False))
