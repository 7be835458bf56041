"""The processes of one run fail as one: with the message of the process that failed first.

A process that fails leaves its message as a note in the run folder before its connections close.
The first process reads the notes, so run.json and the screen show the cause and not the lost
connection that followed.
"""

import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import Popen
from typing import Any

from torch import distributed

from askwell.errors import USAGE_ERROR, UserError, user_error
from askwell.files import write_whole
from askwell.run.run_folder import RunFolder

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds to wait for the note of a process whose connection was lost."""

GRACE = 10.0
"""Seconds that the first process has to end by itself, once another one has failed."""


class ProcessError(RuntimeError):
    """What another process of the run raised."""


@contextmanager
def failing_as_one(folder: RunFolder) -> Iterator[None]:
    """Surrounds all that a process does in `folder`, so that all processes fail as one.

    The first process ends with the error of the one that failed first. The others leave a note.
    Where the first one will print it, they end without repeating it.
    """
    if folder.owned:
        _remove_notes(folder.path)
    try:
        yield
    except BaseException as error:
        if folder.owned and (failure := noted_failure(folder.path)):
            raise failure from None
        if not folder.owned and isinstance(error, Exception):
            _leave(folder.path, error)
        raise
    finally:
        if folder.owned:
            _remove_notes(folder.path)


@contextmanager
def watched(trainer: Any, folder: RunFolder) -> Iterator[None]:
    """Surrounds a fit: the first of several processes ends when another one fails.

    It ends even while it waits for the other one.

    It replaces Lightning's own observer, which kills the first process before it can report why.
    """
    if trainer.world_size == 1 or not folder.owned:
        yield
        return
    from pytorch_lightning.strategies.launchers import subprocess_script

    children: list[Popen[bytes]] = []
    ended = threading.Event()
    observer = subprocess_script._launch_process_observer
    subprocess_script._launch_process_observer = lambda child_processes: children.extend(
        child_processes
    )
    threading.Thread(target=_watch, args=(folder, children, ended), daemon=True).start()
    try:
        yield
    except Exception as error:
        if is_lost_connection(error) and (failure := first_failure(folder.path, children)):
            raise failure from None
        raise
    finally:
        subprocess_script._launch_process_observer = observer
        ended.set()


def is_lost_connection(error: BaseException | None) -> bool:
    """Whether an error only says that another process is gone."""
    while error is not None:
        if isinstance(error, distributed.DistError) or "gloo/transport" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def leave_note(folder: Path, error: Exception) -> None:
    """Leaves a note of why this process failed, for the first one to read."""
    mistake = user_error(error)
    message = (
        mistake if mistake is not None else f"process {_rank()}: {type(error).__name__}: {error}"
    )
    note = {"message": message, "mistake": mistake is not None, "time": time.time()}
    with suppress(UserError):  # a full disk must not hide the error itself
        write_whole(folder / f".failed-{os.getppid()}-{_rank()}.json", json.dumps(note).encode())


def noted_failure(folder: Path) -> Exception | None:
    """The error of the process that failed first; None if none has left a note."""
    notes = [json.loads(file.read_text()) for file in _notes(folder)]
    if not notes:
        return None
    first = min(notes, key=lambda note: note["time"])
    return UserError(first["message"]) if first["mistake"] else ProcessError(first["message"])


def first_failure(
    folder: Path, children: Sequence[Popen[bytes]], patience: float = PATIENCE
) -> Exception | None:
    """Why the other processes are gone; None if nothing is known.

    The reason is what one of them noted, or the signal that ended it.
    """
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if failure := noted_failure(folder) or _killed(children):
            return failure
        time.sleep(0.1)
    return None


def _killed(children: Sequence[Popen[bytes]]) -> UserError | None:
    for rank, child in enumerate(children, start=1):
        code = child.poll() or 0
        number = -code if code < 0 else code - 128
        if number in set(signal.Signals):
            name = signal.Signals(number).name
            return UserError(f"process {rank} was ended by {name}: resume=true continues the run")
    return None


def _leave(folder: Path, error: Exception) -> None:
    if is_lost_connection(error):
        log.info("another process has ended", exc_info=error)
        sys.exit(1)
    leave_note(folder, error)
    if user_error(error) is not None and _is_running(folder / ".pid"):
        sys.exit(USAGE_ERROR)


def _watch(folder: RunFolder, children: list[Popen[bytes]], ended: threading.Event) -> None:
    while not ended.wait(1):
        if any(child.poll() for child in children) or _notes(folder.path):
            if not ended.wait(GRACE):
                _give_up(folder, children)
            return


def _give_up(folder: RunFolder, children: list[Popen[bytes]]) -> None:
    """Ends this process while its main thread waits for another one."""
    failure = first_failure(folder.path, children) or ProcessError(
        "another process of the run has ended"
    )
    for child in children:
        child.kill()
    try:
        _remove_notes(folder.path)
        folder.__exit__(type(failure), failure, None)
        print(f"askwell: {failure}", file=sys.stderr, flush=True)
    finally:
        os._exit(USAGE_ERROR if isinstance(failure, UserError) else 1)


def _notes(folder: Path) -> list[Path]:
    """The notes of this run: the first process, or one launcher, started its processes."""
    return [
        note
        for group in (os.getpid(), os.getppid())
        for note in folder.glob(f".failed-{group}-*.json")
    ]


def _remove_notes(folder: Path) -> None:
    for note in folder.glob(".failed-*.json"):
        note.unlink(missing_ok=True)


def _rank() -> str:
    return next(
        (os.environ[name] for name in ("RANK", "SLURM_PROCID", "LOCAL_RANK") if name in os.environ),
        "0",
    )


def _is_running(pid_file: Path) -> bool:
    try:
        os.kill(int(pid_file.read_text()), 0)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True
