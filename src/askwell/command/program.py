"""The program that trains: train.py in a checkout, and a module of the package everywhere."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

MODULE = "askwell.command.train"
"""What `askwell train` runs; Lightning starts its further processes by this name, too."""


def typed(script: Path | None, arguments: Sequence[str]) -> list[str]:
    """The words that people type to run `script`, or where it is None `askwell train`."""
    return [*(["askwell", "train"] if script is None else ["python", str(script)]), *arguments]


def become(script: Path | None, arguments: Sequence[str]) -> NoReturn:
    """Replaces this process by `script`, or where it is None by `askwell train`: signals and exit
    codes are its own.
    """
    program = ["-m", MODULE] if script is None else [str(script)]
    if script is None:  # -m would import from the working folder, before all that is installed
        os.environ["PYTHONSAFEPATH"] = "1"
    os.execv(sys.executable, [sys.executable, *program, *arguments])
