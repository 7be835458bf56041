"""What does a start cost: until the first training step, the help, a sweep with nothing to do?

Each start is a process of its own, with warm caches. Seconds of CPU are the measure where other
programs run on the machine, too.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench.program import ROOT
from bench.publishing import Row, publish
from bench.timing import Contender, Measurement, in_turns, options, parsed

IMPORTS = "importing torch, Lightning and Hydra"
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
    chosen = parsed(options("What a start costs.", jobs=200), jobs=10)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _finished_sweep(folder, chosen.jobs)
        measured = in_turns(_contenders(folder, chosen.jobs), chosen.runs, warm_up=True)
    rows = [_row(name, measured[IMPORTS], one) for name, one in measured.items()]
    publish("start", f"Starts; the sweep has {chosen.jobs} finished jobs", rows, chosen)


def _contenders(folder: Path, jobs: int) -> dict[str, Contender]:
    one = [str(ROOT / "train.py"), "rounds=1", FIRST]

    def first_step(*words: str) -> Contender:
        return lambda run: _cpu(folder, [*one, f"name={run}", "resume=true", *words])

    imports = f"import torch, pytorch_lightning, hydra; {CPU}"
    resume = ["-m", *_sweep(jobs), "resume=true"]
    return {
        IMPORTS: lambda run: _cpu(folder, ["-c", imports]),
        "train.py to its first training step": first_step(),
        "the same with logger=none": first_step("logger=none"),
        "askwell --help": lambda run: _cpu(folder, ["-c", f"{HELP}{CPU}"]),
        "resume=true of a finished sweep": lambda run: _cpu(
            folder, ["-c", f"import sys; sys.argv = {[one[0], *resume]}\n{RESUMED}"]
        ),
    }


def _cpu(folder: Path, words: list[str]) -> float:
    """The seconds of CPU that a process prints on its last line."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **_cache()}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return float(done.stdout.split()[-1])


def _cache() -> Mapping[str, str]:
    return {"ASKWELL_CACHE": os.environ.get("ASKWELL_CACHE", str(ROOT / ".cache" / "askwell"))}


def _sweep(jobs: int) -> list[str]:
    seeds = f"seed=range({jobs // len(STRATEGIES)})"
    return [f"strategy={','.join(STRATEGIES)}", seeds, "rounds=1", "logger=none", "name=finished"]


def _finished_sweep(folder: Path, jobs: int) -> None:
    """A sweep of one round; the jobs of the first seed run, the others are copies of their files
    with other seeds.
    """
    first = ["-m", *_sweep(len(STRATEGIES)), "jobs=1"]
    environment = {**os.environ, **_cache()}
    command = [sys.executable, str(ROOT / "train.py"), *first]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    sweep = folder / "multirun" / "finished"
    for place in range(len(STRATEGIES), jobs):
        copy = sweep / str(place)
        shutil.copytree(sweep / str(place % len(STRATEGIES)), copy)
        run = json.loads((copy / "run.json").read_text())
        for settings in (run, run["config"], run["study"]):
            settings["seed"] = place // len(STRATEGIES)
        (copy / "run.json").write_text(json.dumps(run))


def _row(name: str, imports: Measurement, measured: Measurement) -> Row:
    cpu, of_imports = (sorted(one.results)[len(one.results) // 2] for one in (measured, imports))
    return {
        "start": name,
        "seconds": measured.median,
        "CPU seconds": cpu,
        "of the imports": measured.median / imports.median,
        "CPU of the imports": cpu / of_imports,
        "_runs": measured.seconds,
        "_cpu": measured.results,
    }


if __name__ == "__main__":
    main()
