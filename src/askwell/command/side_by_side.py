"""Jobs of a sweep side by side: one process for each that runs at once, one interrupt for all."""

import logging
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from hydra.core.utils import JobReturn, configure_log, setup_globals

from askwell.command.capacity import card_names
from askwell.command.slot import Slot
from askwell.command.sweep_display import SweepDisplay
from askwell.command.sweep_jobs import Job, SweepJobs
from askwell.command.worker import Shared

log = logging.getLogger(__name__)

LOOK = 0.5
"""Seconds between two looks at the progress of the jobs."""

PATIENCE = 20.0
"""Seconds that jobs have to end by themselves after an interrupt. Then they are killed, from which
they resume as exactly.
"""


def run_all(jobs: SweepJobs) -> Sequence[JobReturn]:
    """Runs the jobs, and returns what came of each, in their order. One that fails stops no other.

    Ctrl-C or SIGTERM ends all of them, and exits with 130 or 143.
    """
    setup_globals()
    configure_log(jobs.config.hydra.hydra_logging, jobs.config.hydra.verbose)
    Path(jobs.config.hydra.sweep.dir).mkdir(parents=True, exist_ok=True)
    log.info(f"{len(jobs)} jobs, {jobs.at_once} at a time")
    shared = Shared.of(jobs.task, jobs.context.callbacks)
    display = SweepDisplay(len(jobs))
    with display.bars:
        slots = [Slot(shared, card, display.say) for card in cards_for(jobs.at_once, jobs.on_gpu)]
        try:
            with _sigterm_raised():
                ended = _run(jobs, slots, display)
                for slot in slots:
                    slot.close()
        except BaseException as reason:
            _stop(slots, reason)
    return ended


def cards_for(count: int, on_gpu: bool) -> list[str | None]:
    """The GPU that each of `count` processes sees, in turn; None where there is none, and the job
    says so.
    """
    cards: Sequence[str | None] = (card_names() if on_gpu else []) or [None]
    return [cards[number % len(cards)] for number in range(count)]


def _run(jobs: SweepJobs, slots: Sequence[Slot], display: SweepDisplay) -> list[JobReturn]:
    """Gives each process the next job as soon as it has none."""
    ended: dict[int, JobReturn] = {}
    left, idle = enumerate(jobs), list(slots)
    running: dict[Future[Any], tuple[int, Job, Slot]] = {}
    while len(ended) < len(jobs):
        for place, job in left if idle else ():
            slot = idle.pop()
            running[slot.start(job)] = place, job, slot
            display.begin(job)
            if not idle:
                break
        for future in wait(running, LOOK, FIRST_COMPLETED).done:
            place, job, slot = running.pop(future)
            ended[place] = slot.result(job, future)
            idle.append(slot)
            display.end(job)
        display.refresh()
    return [ended[place] for place in sorted(ended)]


def _stop(slots: Sequence[Slot], reason: BaseException) -> NoReturn:
    """Ends all jobs, then this process. A second Ctrl-C does not wait for them."""
    processes = [slot.process for slot in slots if slot.process is not None]
    for process in processes:
        process.terminate()
    with suppress(KeyboardInterrupt):
        wait([slot.future for slot in slots if slot.future is not None], PATIENCE)
    for process in processes:
        process.kill()  # the end of an interpreter takes seconds
        process.join()
    for slot in slots:
        slot.close()
    if isinstance(reason, KeyboardInterrupt):
        sys.exit(128 + signal.SIGINT)
    raise reason


@contextmanager
def _sigterm_raised() -> Iterator[None]:
    """Lets SIGTERM end the jobs before this process."""

    def leave(signum: int, frame: Any) -> NoReturn:
        sys.exit(128 + signum)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
