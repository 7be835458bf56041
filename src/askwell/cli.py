"""The command line: how train.py starts and ends, and the `askwell` command."""

import argparse
import json
import os
import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console

from askwell import sweep
from askwell.errors import UserError, exit_with, user_error


def launch(train: Callable[[], object]) -> None:
    """Runs a Hydra program: reports its sweep at the end, and tells a user's mistake in one line with exit code 2."""
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # Hydra then hands over the exception instead of exiting with 1
    warnings.filterwarnings("ignore", module="pytorch_lightning")  # advice on loaders that does not fit a growing set
    with_user_errors(lambda: _train_and_report(train))


def with_user_errors(work: Callable[[], object]) -> None:
    """Does `work`; prints what a user can put right as one line and exits with 2."""
    try:
        work()
    except Exception as error:
        mistake = user_error(error)
        if mistake is None:
            raise
        exit_with(mistake)


def main(arguments: Sequence[str] | None = None) -> None:
    """The `askwell` command."""
    parser = argparse.ArgumentParser(prog="askwell", description="Ask for the labels that matter.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    report = commands.add_parser("report", help="write the report of runs and sweeps again, from what is on disk")
    report.add_argument(
        "folders", nargs="+", type=Path, metavar="FOLDER", help="a run or a sweep, such as multirun/mytest"
    )
    report.add_argument("--verdict", action="store_true", help="only print the verdicts as JSON; writes nothing")
    report.add_argument("--output", type=Path, help="where the report goes; the first FOLDER unless said otherwise")
    _add(commands, "resume", "go on with a run, a job of a sweep, or a whole sweep", "FOLDER", _resume)
    _add(commands, "check", "decode every image of a data set: which are broken, or in both splits", "DATASET", _check)
    _add(commands, "conform", "try whether a strategy keeps its contract", "STRATEGY", _conform)
    dashboard = commands.add_parser("dashboard", help="save the report's panels as a view of a W&B project")
    dashboard.add_argument("--project", help="the one that conf/logger/wandb.yaml names unless said otherwise")
    dashboard.add_argument("--entity", help="whose project; the one that W&B takes for your runs unless said otherwise")
    dashboard.set_defaults(work=lambda chosen: _dashboard(chosen.project, chosen.entity))
    report.set_defaults(work=_report)
    chosen = parser.parse_args(arguments)
    with_user_errors(lambda: chosen.work(chosen))


def _add(commands: Any, name: str, tells: str, subject: str, work: Callable[[str, list[str]], None]) -> None:
    """A command on one subject, with overrides as train.py takes them."""
    command = commands.add_parser(name, help=tells, description=tells)
    command.add_argument("subject", metavar=subject)
    command.add_argument("overrides", nargs="*", metavar="OVERRIDE", help="as for train.py, such as rounds=30")
    command.set_defaults(work=lambda chosen: work(chosen.subject, chosen.overrides))


def _report(chosen: argparse.Namespace) -> None:
    if chosen.verdict:
        print_verdicts(chosen.folders)
    else:
        report_on(chosen.folders, chosen.output or chosen.folders[0])


def _resume(folder: str, overrides: list[str]) -> None:
    from askwell.rerun import resume

    resume(Path(folder), overrides)


def _check(dataset: str, overrides: list[str]) -> None:
    from askwell.checking import check

    check(dataset, overrides)


def _conform(strategy: str, overrides: list[str]) -> None:
    from askwell.checking import conform

    conform(strategy, overrides)


def _dashboard(project: str | None, entity: str | None) -> None:
    if find_spec("wandb_workspaces") is None:
        raise UserError("the dashboard needs wandb-workspaces: pip install -e .[dashboard]")
    from askwell.logger.dashboard import push

    print(f"dashboard: {push(project, entity)}")


def report_on(folders: Sequence[Path], output: Path) -> None:
    """Writes the report of `folders` into `output` and prints its tables, its verdict and its path."""
    from askwell.report import closing, write_report  # pandas and matplotlib: seconds that --help need not wait

    report = write_report(folders, output)
    console = Console()  # which a reader that goes away early, as `head` does, ends without a traceback
    console.print(closing(report))
    console.out(f"report: {report.page}", highlight=False)


def print_verdicts(folders: Sequence[Path]) -> None:
    """Prints the verdict on each group of runs as JSON."""
    from askwell.report.summary import summaries

    print(json.dumps(summaries(folders), indent=1, allow_nan=False))


def _train_and_report(train: Callable[[], object]) -> None:
    try:
        train()
    finally:
        for folder in sweep.started:
            if any(folder.glob("*/run.json")):
                report_on([folder], folder)
