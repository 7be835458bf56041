"""The process that trains while people label: started when a run can resume, and watched."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from askwell.command.page.warm import Warm, environment
from askwell.command.program import words_of
from askwell.command.resume import Command
from askwell.errors import EXIT_WAITING
from askwell.text import visible

OUTPUT = "label.log"
"""What the processes of a run print."""

RESTARTS = 3
"""How many times in succession a killed process is restarted."""

PATIENCE = 10
"""Seconds that a process is given to end."""


class Child:
    """At most one process for the run in `folder`. `fault` says why the last one failed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.started, self.took = 0.0, 0.0
        self.fault: str | None = None
        self.killed = 0

    @property
    def runs(self) -> bool:
        return self.process is not None

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return time.monotonic() - self.started if self.runs else 0.0

    def resume(self, command: Command, warm: Warm | None) -> None:
        """Starts the run by its command, in the process that waits if there is one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.started = time.monotonic()
        self.process = warm.become(command, self.folder / OUTPUT) if warm else None
        if self.process is None:
            self.start(command.folder, words_of(command.program, command.arguments))

    def start(self, place: Path, words: Sequence[str]) -> None:
        """Starts Python with `words` in the folder `place`, apart from this process: neither ends
        with the other.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.started = time.monotonic()
        with (self.folder / OUTPUT).open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, *words],
                cwd=place,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=environment(safe=words[0] == "-m"),
            )

    def poll(self, ended: Callable[[int], None]) -> None:
        """Notices that the process has ended, and calls `ended` with its exit code."""
        code = None if self.process is None else self.process.poll()
        if code is None:
            return
        self.took, self.process = self.seconds, None
        self.killed = self.killed + 1 if code < 0 else 0
        if code in (0, EXIT_WAITING):
            self.fault = None
        elif code > 0 or self.killed > RESTARTS:
            self.fault = self._last_words() or f"it ended with exit code {code}"
        ended(code)

    def forget_fault(self) -> None:
        """Lets the process be started again."""
        self.fault, self.killed = None, 0

    def stop(self) -> None:
        """Ends the process; the run resumes from its checkpoint."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def last_line(self) -> str:
        """The last line that it printed."""
        return (self._output() or [""])[-1][:300]

    def _last_words(self) -> str:
        lines = self._output()
        mistakes = [line for line in lines if line.startswith("askwell: ")]
        return (mistakes or lines or [""])[-1].removeprefix("askwell: ")[:1000]

    def _output(self) -> list[str]:
        with suppress(OSError):
            content = (self.folder / OUTPUT).read_bytes()[-20_000:].decode("utf-8", "replace")
            lines = [visible(line.rpartition("\r")[2].strip()) for line in content.split("\n")]
            return [line for line in lines if line]
        return []
