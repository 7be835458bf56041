"""A place for one job of a sweep at a time: a process of its own, and what that prints."""

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from hydra.core.utils import JobReturn, JobStatus

from askwell.command.sweep_jobs import Job
from askwell.command.worker import END, Shared, begin, run_one
from askwell.errors import UserError

LAST_LINES = 5.0
"""Seconds that the last lines of a job may take to arrive."""


class Slot:
    """Runs jobs one after the other in one process, which starts with the first of them.

    `card` is the GPU that the process sees. `say` shows a line of what it prints.
    """

    def __init__(self, shared: Shared, card: str | None, say: Callable[[str], None]) -> None:
        self.shared, self.card, self.say = shared, card, say
        self.job: Job | None = None
        self.future: Future[Any] | None = None
        self.process: BaseProcess | None = None
        self._open()

    def start(self, job: Job) -> Future[Any]:
        """Begins a job."""
        self.job = job
        self.all_said.clear()
        # A new process inherits that Ctrl-C is held back: it reaches the sweep alone.
        with _interrupts_held():
            self.future = future = self.executor.submit(run_one, job.config)
        # Python 3.14 makes this public, by terminate_workers.
        self.process = next(iter((self.executor._processes or {}).values()), self.process)
        self.writer.close()  # the process has its own end
        return future

    def result(self, job: Job, future: Future[Any]) -> JobReturn:
        """What came of the job, once it has said all. A process that was killed is replaced."""
        self.all_said.wait(LAST_LINES)
        overrides = list(job.config.hydra.overrides.task)
        ended = JobReturn(overrides=overrides, cfg=job.config, status=JobStatus.COMPLETED)
        try:
            ended.return_value = future.result()
        except BrokenProcessPool:
            ended.status, ended.return_value = JobStatus.FAILED, self._killed()
            self.say(f"job {job.folder.name} failed: {ended._return_value}")
            self._open()
        except Exception as error:
            ended.status, ended.return_value = JobStatus.FAILED, error
        return ended

    def close(self) -> None:
        """Lets the process end, which has no job. This one waits for it when it ends itself."""
        self.executor.shutdown(wait=False)
        self.writer.close()

    def _open(self) -> None:
        context = get_context("spawn")  # a fork would copy threads and locks of libraries
        reader, self.writer = context.Pipe(duplex=False)
        self.executor = ProcessPoolExecutor(
            1, context, initializer=begin, initargs=(self.shared, self.card, self.writer)
        )
        self.all_said = threading.Event()
        arguments = reader, self.all_said
        threading.Thread(target=self._pass_on, args=arguments, daemon=True).start()

    def _pass_on(self, output: Connection, all_said: threading.Event) -> None:
        """Shows each line that the process prints, after the name of its job."""
        with output, open(output.fileno(), errors="replace", closefd=False) as lines:
            for line in lines:
                text = line.rstrip("\n")
                said = text.removesuffix(END)
                if said or said == text:
                    name = "" if self.job is None else f"job {self.job.folder.name}"
                    self.say(said if said.startswith(f"{name} ") else f"{name}: {said}")
                if said != text:
                    all_said.set()
        all_said.set()

    def _killed(self) -> UserError:
        self.executor.shutdown()  # it learns the exit code of its process
        code = None if self.process is None else self.process.exitcode
        how = signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"
        return UserError(
            f"its process was ended ({how}), as by a system that runs out of memory: "
            "run fewer jobs at once, as with jobs=1, and resume the sweep"
        )


@contextmanager
def _interrupts_held() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
