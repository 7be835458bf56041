"""The command line: how train.py starts and ends, and the `askwell` command."""

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

from hydra.errors import HydraException, InstantiationException
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console

from askwell import sweep
from askwell.errors import UserError

USAGE_ERROR = 2


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
        print(f"askwell: {mistake}", file=sys.stderr)
        sys.exit(USAGE_ERROR)


def user_error(error: BaseException | None) -> str | None:
    """The one line for an error that is the user's to put right, found among its causes; None for one of ours."""
    chain = []
    while error is not None:
        chain.append(error)
        error = error.__cause__ or error.__context__
    for kinds in (UserError, (HydraException, OmegaConfBaseException)):
        for link in chain:
            if isinstance(link, kinds) and not _is_bug(link):
                return " ".join(str(link).split())
    return None


def _is_bug(error: BaseException) -> bool:
    """Whether Hydra only passes on what a constructor raised; a wrong argument or a wrong path is the config's fault."""
    of_config = (TypeError, ImportError, AttributeError, type(None))
    return isinstance(error, InstantiationException) and not isinstance(error.__cause__, of_config)


def main(arguments: Sequence[str] | None = None) -> None:
    """The `askwell` command."""
    parser = argparse.ArgumentParser(prog="askwell", description="Ask for the labels that matter.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    report = commands.add_parser("report", help="write the report of runs and sweeps again, from what is on disk")
    report.add_argument(
        "folders", nargs="+", type=Path, metavar="FOLDER", help="a run or a sweep, such as multirun/mytest"
    )
    report.add_argument("--output", type=Path, help="where the report goes; the first FOLDER unless said otherwise")
    report.set_defaults(work=lambda chosen: report_on(chosen.folders, chosen.output or chosen.folders[0]))
    chosen = parser.parse_args(arguments)
    with_user_errors(lambda: chosen.work(chosen))


def report_on(folders: Sequence[Path], output: Path) -> None:
    """Writes the report of `folders` into `output` and prints its verdict, its table and its path."""
    from askwell.report import closing_table, write_report  # pandas and matplotlib: seconds that --help need not wait

    report = write_report(folders, output)
    console = Console()
    console.print(closing_table(report))
    for text in report.verdict:
        console.print(text, highlight=False)
    print(f"report: {report.page}")


def _train_and_report(train: Callable[[], object]) -> None:
    try:
        train()
    finally:
        for folder in sweep.started:
            if any(folder.glob("*/run.json")):
                report_on([folder], folder)
