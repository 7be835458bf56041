"""Loggers of a run: any number of Lightning loggers, all given the same facts."""

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from pytorch_lightning.loggers import Logger


@runtime_checkable
class Closable(Protocol):
    """A logger to close at the end of a job; `finalize` comes at the end of each fit."""

    def finish(self, failed: bool) -> None:
        """Ends the run within bounded time; never raises."""


def close_loggers(loggers: Iterable[Logger], failed: bool) -> None:
    """Ends every logger's run, so that the next job of the process starts its own.

    Belongs in a `finally`.
    """
    for logger in loggers:
        if isinstance(logger, Closable):
            logger.finish(failed)
        else:
            logger.finalize("failed" if failed else "success")
