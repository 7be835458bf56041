"""What does a start cost: until the first training step, the help, a sweep with nothing to do?

Each start is a process of its own, with warm caches; those of an older commit take turns with
today's. Seconds of CPU are the measure where other programs run on the machine, too.
"""

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.program import ROOT
from bench.publishing import Row, publish
from bench.timing import Contender, Measurement, in_turns, options, parsed

IMPORTS = "importing torch, Lightning and Hydra"
BEFORE = "b7ab201"
"""The last commit that knew neither sweeps on all cores nor anything of what starts cost."""

THEN = "before: "
STRATEGIES = ("random", "lc", "entropy", "sm", "lm")
CPU = "import time; print(time.process_time(), flush=True); import os; os._exit(0)"
FIRST = "+callbacks.first._target_=bench.first_step.FirstStep"
HELP = "from askwell.command.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
RESUMED = """
import runpy, sys, time
try: runpy.run_path(sys.argv[0], run_name="__main__")
finally: print(time.process_time())
"""


def main() -> None:
    """Times starts."""
    parser = options("What a start costs.", jobs=200, before=BEFORE)
    chosen = parsed(parser, jobs=10, before="HEAD")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        today, before = Program(ROOT, folder / "today"), _of_commit(chosen.before, folder)
        imports = f"import torch, pytorch_lightning, hydra; {CPU}"
        contenders = {
            IMPORTS: lambda run: today.cpu("-c", imports),
            **_contenders(today, chosen.jobs),
            **{f"{THEN}{name}": one for name, one in _contenders(before, chosen.jobs).items()},
        }
        measured = in_turns(contenders, chosen.runs, warm_up=True)
    rows = [_row(name, measured) for name in measured if not name.startswith(THEN)]
    publish("start", f"Starts; the sweep has {chosen.jobs} finished jobs", rows, chosen)


@dataclass(frozen=True)
class Program:
    """The program of one commit in `root`, with the folder that its processes run in."""

    root: Path
    folder: Path

    def cpu(self, *words: str) -> float:
        """The seconds of CPU that a process prints on its last line."""
        self.folder.mkdir(exist_ok=True)
        path = os.pathsep.join([str(self.root), str(self.root / "src")])
        cache = {"ASKWELL_CACHE": str(self.folder / "cache"), "PYTHONPATH": path}
        done = subprocess.run(
            [sys.executable, *words],
            cwd=self.folder,
            env={**os.environ, **cache},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        return float(done.stdout.split()[-1])

    @property
    def train(self) -> str:
        return str(self.root / "train.py")


def _of_commit(commit: str, folder: Path) -> Program:
    """The program as it was at `commit`, unpacked into `folder`."""
    root = folder / "before"
    packed = subprocess.run(
        ["git", "archive", commit], cwd=ROOT, check=True, capture_output=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(root, filter="data")
    shutil.copy(ROOT / "bench" / "first_step.py", root / "bench")
    return Program(root, folder / "runs_of_before")


def _contenders(program: Program, jobs: int) -> dict[str, Contender]:
    _finished_sweep(program, jobs)

    def first_step(*words: str) -> Contender:
        one = [program.train, "rounds=1", FIRST, *words]
        return lambda run: program.cpu(*one, f"name={run}", "resume=true")

    resume = [program.train, "-m", *_sweep(jobs), "resume=true"]
    return {
        "train.py to its first training step": first_step(),
        "the same with logger=none": first_step("logger=none"),
        "askwell --help": lambda run: program.cpu("-c", f"{HELP}{CPU}"),
        "resume=true of a finished sweep": lambda run: program.cpu(
            "-c", f"import sys; sys.argv = {resume}\n{RESUMED}"
        ),
    }


def _sweep(jobs: int) -> list[str]:
    seeds = f"seed=range({jobs // len(STRATEGIES)})"
    return [f"strategy={','.join(STRATEGIES)}", seeds, "rounds=1", "logger=none", "name=finished"]


def _finished_sweep(program: Program, jobs: int) -> None:
    """A sweep of one round; the jobs of the first seed run, the others are copies of their files
    with other seeds.
    """
    first = [program.train, "-m", *_sweep(len(STRATEGIES))]
    program.cpu("-c", f"import sys; sys.argv = {first}\n{RESUMED}")
    sweep = program.folder / "multirun" / "finished"
    for place in range(len(STRATEGIES), jobs):
        copy = sweep / str(place)
        shutil.copytree(sweep / str(place % len(STRATEGIES)), copy)
        run = json.loads((copy / "run.json").read_text())
        for settings in (run, run["config"], run["study"]):
            settings["seed"] = place // len(STRATEGIES)
        (copy / "run.json").write_text(json.dumps(run))


def _row(name: str, measured: Mapping[str, Measurement]) -> Row:
    imports, now, then = measured[IMPORTS], measured[name], measured.get(f"{THEN}{name}")
    return {
        "start": name,
        "seconds": now.median,
        "CPU seconds": median(now.results),
        "of the imports": now.of(imports),
        "before, seconds": then and then.median,
        "before, of the imports": then and then.of(imports),
        "_runs": now.seconds,
        "_cpu": now.results,
        "_runs before": then and then.seconds,
        "_cpu before": then and then.results,
    }


if __name__ == "__main__":
    main()
