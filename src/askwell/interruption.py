"""Leaving as a shell expects of a program that was told to stop."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def exit_code_of_signal(trainer: Any) -> Iterator[None]:
    """Exits with 143 after SIGTERM and 130 after Ctrl-C, where Lightning would say 0 and 1.

    A scheduler would take a preempted run for a finished one. After an error the processes that Lightning started end
    with this one: they would wait for it.
    """
    try:
        yield
    except SystemExit:
        if trainer.received_sigterm:
            sys.exit(128 + signal.SIGTERM)
        if trainer.interrupted:
            sys.exit(128 + signal.SIGINT)
        raise
    except Exception:
        for process in getattr(trainer.strategy.launcher, "procs", []):
            process.kill()
        raise
