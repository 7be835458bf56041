"""The program that trains: train.py in a checkout, and a module of the package everywhere."""

import gc
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

MODULE = "askwell.command.train"
"""What `askwell train` runs; Lightning starts its further processes by this name, too."""


def settle() -> None:
    """What every process that runs jobs has set before the first of them."""
    # Hydra then hands over the exception instead of exiting with 1.
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    # A log that cannot be written, as into a closed pipe, is no reason for a traceback.
    logging.raiseExceptions = False
    # Advice on loaders that does not fit a growing set.
    warnings.filterwarnings("ignore", module="pytorch_lightning")


@contextmanager
def importing(library: str) -> Iterator[None]:
    """Surrounds the first import of a large `library`, and keeps the garbage collector out of it.

    It would go through all that is there by then again and again, a fifth of the time, and find
    nothing. What was imported it leaves alone for good.
    """
    if library in sys.modules or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def typed(script: Path | None, arguments: Sequence[str]) -> list[str]:
    """The words that people type to run `script`, or where it is None `askwell train`."""
    return [*(["askwell", "train"] if script is None else ["python", str(script)]), *arguments]


def words_of(script: Path | None, arguments: Sequence[str]) -> list[str]:
    """What Python is given to run `script`, or where it is None `askwell train`."""
    return [*(["-m", MODULE] if script is None else [str(script)]), *arguments]


def become(script: Path | None, arguments: Sequence[str]) -> NoReturn:
    """Replaces this process by `script`, or where it is None by `askwell train`: signals and exit
    codes are its own.
    """
    # -m alone would import from the working folder first, before all that is installed.
    safe = {"PYTHONSAFEPATH": "1"} if script is None else {}
    words = [sys.executable, *words_of(script, arguments)]
    os.execve(sys.executable, words, {**os.environ, **safe})
