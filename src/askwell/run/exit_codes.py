"""Exit codes that a shell expects of a program that was asked to stop."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any


@contextmanager
def exit_code_of_signal(trainer: Any) -> Iterator[None]:
    """Exits with 143 after SIGTERM and 130 after Ctrl-C, instead of Lightning's 0 and 1.

    A scheduler would take a preempted run for a finished one. After an error the processes that
    Lightning started end with this one, or they would wait for it. For the same reason SIGTERM ends
    one of several processes at once: Lightning's own handler waits for the others, which may be
    waiting for this one.
    """
    if trainer.world_size > 1:
        trainer._signal_connector._sigterm_notifier_fn = partial(_leave, trainer)
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
        # Lightning cannot always tear down what it was in the middle of.
        if trainer.received_sigterm:
            sys.exit(128 + signal.SIGTERM)
        raise


def _leave(trainer: Any, signum: int, frame: Any) -> None:
    if trainer.received_sigterm:
        return
    trainer._signal_connector.received_sigterm = True
    if trainer.strategy.launcher is not None:
        trainer.strategy.launcher.kill(signum)
        # Or their observer, seeing them end, would kill this process.
        getattr(trainer.strategy.launcher, "procs", []).clear()
    sys.exit(128 + signum)
