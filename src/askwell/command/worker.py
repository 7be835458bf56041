"""A process that runs jobs of a sweep, one after the other; what it imports is paid for once."""

import importlib
import inspect
import os
import pickle
import sys
import threading
from collections.abc import Callable
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple

from hydra._internal.callbacks import Callbacks
from hydra.core.utils import JobRuntime, JobStatus, run_job, setup_globals
from hydra.types import HydraContext
from omegaconf import DictConfig

from askwell.command.program import importing, settle
from askwell.errors import UserError, user_error


class Shared(NamedTuple):
    """What all jobs of a sweep have in common, as it is sent to a new process."""

    module: str
    function: str  # in `module`; Hydra's decorator may be around it
    program: str  # its name, after which logs are called
    callbacks: Callbacks

    @classmethod
    def of(cls, task: Callable[..., Any], callbacks: Callbacks) -> "Shared":
        name = str(JobRuntime.instance().get("name"))
        return cls(task.__module__, task.__qualname__, name, callbacks)

    @property
    def task(self) -> Callable[..., Any]:
        return inspect.unwrap(getattr(importlib.import_module(self.module), self.function))

    def reaches(self, task: Callable[..., Any]) -> bool:
        """Whether a new process finds the function by its name."""
        found = getattr(sys.modules.get(self.module), self.function, None)
        return found is not None and inspect.unwrap(found) is task


def begin(shared: Shared, card: str | None, output: Connection) -> None:
    """What a process does before its first job. All it prints goes to `output`."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore
        os.dup2(output.fileno(), stream.fileno())
    if card is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = card
    threading.Thread(target=_end_with_sweep, daemon=True).start()
    settle()
    setup_globals()
    JobRuntime.instance().set("name", shared.program)
    global _shared
    _shared = shared


END = "\0"
"""What follows all that a job prints, on a line of its own if the job ends its last one."""


def run_one(config: DictConfig) -> Any:
    """Runs a job, and returns what its program returns. Raises what it raises, in a form that
    another process can read.
    """
    hydra = HydraContext(config_loader=None, callbacks=_shared.callbacks)  # type: ignore[arg-type]
    try:
        ended = run_job(
            _silently, config, "hydra.sweep.dir", "hydra.sweep.subdir", hydra_context=hydra
        )
    finally:
        print(END, flush=True)
    if ended.status == JobStatus.FAILED:
        raise _sendable(ended._return_value)
    return ended.return_value


_shared: Shared


def _silently(cfg: DictConfig) -> Any:
    """What the program does with a job, without its rounds on the screen, which the sweep shows."""
    # Lightning, which must not be imported before Hydra has set up the logs.
    with importing("torch"):
        importlib.import_module("askwell.command.run")
    from askwell.listener import console

    console.silence()
    return _shared.task(cfg)


def _sendable(error: Exception) -> Exception:
    """An error of the same kind where pickle takes it; its causes stay behind."""
    if (mistake := user_error(error)) is not None:
        return UserError(mistake)
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}").with_traceback(error.__traceback__)
    return error


def _end_with_sweep() -> None:
    """Ends this process when the sweep's is gone, also by `kill -9`: what it ran can be resumed."""
    sweep = parent_process()
    if sweep is not None:
        wait([sweep.sentinel])
        os._exit(1)
