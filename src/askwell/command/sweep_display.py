"""The screen of jobs that run side by side: a bar for each and one for all, a line for each end."""

import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from askwell.command.sweep_jobs import Job
from askwell.run.run_json import read_run
from askwell.text import percent, seconds, visible


class SweepDisplay:
    """Shows the progress of jobs by the files in their folders, whichever process writes them.

    The bars are on the screen within `with display.bars`. Where there is no terminal, it prints a
    line as a job ends, and nothing else.
    """

    def __init__(self, jobs: int) -> None:
        self.jobs, self.ended = jobs, 0
        self.console = Console(soft_wrap=True)
        self.bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total}"),
            TextColumn("{task.fields[accuracy]}"),
            TimeElapsedColumn(),
            console=self.console,
            refresh_per_second=4,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self.all = self.bars.add_task("all jobs", total=jobs, accuracy="")
        self.running: dict[Path, TaskID] = {}

    def begin(self, job: Job) -> None:
        """Adds the bar of a job."""
        name = escape(visible(f"job {job.folder.name} {job.title}"))
        total = job.config.get("rounds")
        self.running[job.folder] = self.bars.add_task(name, total=total, accuracy="")

    def refresh(self) -> None:
        """Reads how far the jobs are."""
        if self.bars.disable:
            return
        for folder, bar in self.running.items():
            rounds, last = _last_round(folder / "rounds.jsonl")
            accuracy = percent(last["accuracy"], 1) if "accuracy" in last else ""
            self.bars.update(bar, completed=rounds, accuracy=accuracy)

    def end(self, job: Job) -> None:
        """Prints how a job ended, and removes its bar."""
        self.ended += 1
        self.bars.remove_task(self.running.pop(job.folder))
        self.bars.advance(self.all)
        line = f"job {job.folder.name} {job.title}: {_outcome(job.folder)}"
        self._print(visible(f"{line}   ({self.ended} of {self.jobs})"))

    def say(self, line: str) -> None:
        """Shows a line that a job printed: on stderr, or above the bars if that is a terminal."""
        if sys.stderr.isatty() and not self.bars.disable:
            self._print(line)
        else:
            print(line, file=sys.stderr, flush=True)

    def _print(self, line: str) -> None:
        self.console.print(line, markup=False, highlight=False)


def _last_round(file: Path) -> tuple[int, dict[str, Any]]:
    """How many rounds are recorded, and the last of them; a line may be half written."""
    lines = file.read_bytes().splitlines() if file.exists() else []
    try:
        return len(lines), json.loads(lines[-1]) if lines else {}
    except ValueError:
        return len(lines) - 1, {}


def _outcome(folder: Path) -> str:
    run = read_run(folder) or {}
    status = str(run.get("status", "failed"))
    if status != "finished":
        return {"running": "killed", "waiting": "waits for answers"}.get(status, status)
    return (
        f"{percent(run.get('accuracy', 0.0), 2)} with {_labels(folder)} labels "
        f"in {seconds(run.get('wall_seconds', 0.0))}"
    )


def _labels(folder: Path) -> Any:
    return _last_round(folder / "rounds.jsonl")[1].get("labels", 0)
