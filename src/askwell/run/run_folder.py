"""The folder of a run: claimed by one process, with a true record of what happened."""

import os
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import FileLock, Timeout

from askwell.errors import StillWaitingError, UserError
from askwell.files import remove_parts, told_in_a_line, write_json
from askwell.run.admission import recorded_rounds, refuse_gaps
from askwell.run.found_file import Found
from askwell.run.free_settings import FREE
from askwell.run.identity import refuse_other_study
from askwell.run.log import release_log
from askwell.run.notes import write_notes
from askwell.run.run_json import read_run, refuse_used

CHOOSE_ANOTHER = "choose a place that can be written to, by name=... or hydra.run.dir=..."


class RunFolder:
    """Holds `path` for this process while in a `with` block, and keeps its run.json.

    Leaving the block by an exception marks the run as failed, with the reason. Of the several
    processes of one run only the first owns the folder; to the others it is a place to read from.
    """

    def __init__(
        self,
        path: str | Path,
        resume: bool = False,
        owned: bool = True,
        notes: Mapping[str, bytes] | None = None,
    ) -> None:
        self.path, self.resume, self.owned, self.notes = Path(path), resume, owned, notes or {}
        self.facts: dict[str, Any] = {}
        self._lock = FileLock(self.path / ".lock")
        self._started = time.monotonic()
        self._running = self._begun = False
        self._beginning: dict[str, Any] = {}
        self._found: dict[Path, Found] = {}

    @property
    def checkpoint(self) -> Path | None:
        """The last checkpoint, where there is one to resume from."""
        last = self.path / "checkpoints" / "last.ckpt"
        return last if last.exists() or last.with_name("last.ckpt.previous").exists() else None

    def finished_with(self, limits: dict[str, Any]) -> bool:
        """Whether the run is over and ended by these `limits`, such as rounds and budget."""
        return self.facts.get("status") == "finished" and self.facts.get("limits") == limits

    def describe(self, **facts: Any) -> None:
        """Adds facts to run.json."""
        self.facts |= facts
        if self.owned:
            write_json(self.path / "run.json", self.facts)

    @property
    def holds_record(self) -> bool:
        """Whether there is a record that a refused command could damage."""
        return self.checkpoint is not None or (self.path / "rounds.jsonl").exists()

    def refuse(self, study: dict[str, Any], free: Iterable[str] = FREE) -> None:
        """Raises UserError if this run computes something else, or lacks what a resume needs."""
        if not self.holds_record:
            return
        refuse_other_study(self.facts, study, self.path, free)
        refuse_gaps(self.path / "rounds.jsonl")
        # One round is recorded before the first checkpoint is written: a run killed between the two
        # starts over.
        if self.checkpoint is None and len(recorded_rounds(self.path / "rounds.jsonl")) > 1:
            lost = f"{self.path} holds the record of a run but none of its checkpoints"
            raise UserError(
                f"{lost}: put checkpoints/last.ckpt back, or start again under another name=..."
            )

    def start(self, provenance: dict[str, Any], **facts: Any) -> None:
        """Marks a new run as running. A resumed one is marked once admitted, by `begin`.

        What the run ran on at first is kept; that of each resume is added to a list.
        """
        begun = provenance | {"started": datetime.now(UTC).isoformat(timespec="seconds")}
        kept = {"resumed": [*self.facts.get("resumed", []), begun]} if self.checkpoint else begun
        self._beginning = {"status": "running", "reason": None, **facts, **kept}
        if not self.holds_record:
            self.begin()
        elif not self.owned:
            release_log()  # nobody refuses a process that owns nothing

    def begin(self) -> None:
        """Writes that the run is running and how it was called; from here on its end is noted."""
        self._running = self._begun = True
        if self.owned:
            remove_parts(self.path)
            write_notes(self.path, self.notes)
        release_log()
        self.describe(**self._beginning)

    def finish(self, reason: str, **facts: Any) -> None:
        """Marks the run as finished, for `reason`."""
        self._running = False
        self.facts.pop("questions", None)
        self.describe(status="finished", reason=reason, wall_seconds=self._wall_seconds(), **facts)

    def wait(self, **facts: Any) -> None:
        """Marks the run as waiting for people's answers."""
        self._running = False
        self.describe(
            status="waiting", reason="answers", wall_seconds=self._wall_seconds(), **facts
        )

    def __enter__(self) -> Self:
        if self.owned:
            self._claim()
        self.facts = read_run(self.path) or {}
        return self

    def _claim(self) -> None:
        lock, pid = self.path / ".lock", self.path / ".pid"
        with told_in_a_line(self.path, CHOOSE_ANOTHER):
            self.path.mkdir(parents=True, exist_ok=True)
            self._found = {file: Found.of(file) for file in (lock, pid)}
            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                if self._found[lock].content is not None:  # else its owner has made it since
                    self._found[lock].put_back()  # trying to open it has changed its time
                holder = pid.read_text() if pid.exists() else "unknown"
                message = (
                    f"{self.path} is in use by process {holder}: wait for it, or choose "
                    "another name=..."
                )
                raise UserError(message) from None
        try:
            refuse_used([self.path], self.resume)
            if not self.holds_record:
                remove_parts(self.path)
            with told_in_a_line(self.path, CHOOSE_ANOTHER):
                pid.write_text(str(os.getpid()))
        except UserError:
            self._leave()
            raise

    def _leave(self) -> None:
        """Gives the folder back; one in which nothing began is left as it was found."""
        lock, pid = self.path / ".lock", self.path / ".pid"
        if self._begun:
            pid.unlink(missing_ok=True)
        else:
            self._found[pid].put_back()
            self._found[lock].put_back()
        self._lock.release()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._running:
                waits = isinstance(error, StillWaitingError)
                self.describe(
                    status="waiting" if waits else "failed",
                    reason="answers" if waits else _reason(error),
                    wall_seconds=self._wall_seconds(),
                )
        finally:
            if self.owned:
                self._leave()

    def _wall_seconds(self) -> float:
        return self.facts.get("wall_seconds", 0.0) + time.monotonic() - self._started


def _reason(error: BaseException | None) -> str:
    """Why an unfinished run ended, in one line: the last and the first of chained errors."""
    if error is None:
        return "ended before its limits"
    if isinstance(error, SystemExit | KeyboardInterrupt):
        return "interrupted"
    first = error
    while first.__context__ and not first.__suppress_context__:
        first = first.__context__
    told = [str(link) or repr(link) for link in dict.fromkeys([error, first])]
    return " ".join(" after: ".join(told).split())


def is_first_process() -> bool:
    """Whether this is the first process of a run, by Lightning's, torchrun's or SLURM's numbers."""
    return all(
        os.environ.get(rank, "0") == "0"
        for rank in ("RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID")
    )
