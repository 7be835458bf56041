"""What does a sweep gain from all cores, and what does it lose against processes of their own?

All jobs compute with one thread, so all contenders end with the same accuracies. The two sweeps
also write their report, which the independent processes do not.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from subprocess import Popen

from askwell.command.capacity import cores
from bench.program import ROOT
from bench.publishing import Row, publish
from bench.timing import Contender, Measurement, in_turns, options, parsed

IN_TURN, AT_ONCE, APART = (
    "jobs=1: one after the other",
    "jobs=auto",
    "independent processes, a share of the jobs each",
)
STRATEGIES = ("random", "lc", "entropy", "sm", "lm")


def main() -> None:
    """Times the jobs of `make run`, as many and as long."""
    parser = options("A sweep of the quickstart's jobs.", seeds=5, rounds=15)
    chosen = parsed(parser, seeds=1, rounds=3)
    contenders = _contenders(chosen.seeds, chosen.rounds)
    measured = in_turns(contenders, chosen.runs, warm_up=not chosen.quick)
    title = f"{len(STRATEGIES) * chosen.seeds} jobs of {chosen.rounds} rounds, {cores()} cores"
    rows = [_row(name, measured[IN_TURN], one) for name, one in measured.items()]
    publish("sweep", title, rows, chosen)


def _contenders(seeds: int, rounds: int) -> dict[str, Contender]:
    jobs = [(strategy, seed) for strategy in STRATEGIES for seed in range(seeds)]
    words = ["logger=none", f"rounds={rounds}", "threads=1", "name=bench"]
    swept = ["-m", f"strategy={','.join(STRATEGIES)}", f"seed=range({seeds})"]

    def sweep(number: str) -> list[float]:
        return _ended([[*swept, *words, f"jobs={number}"]])

    def apart(run: int) -> list[float]:
        """One process per core, each with its share of the jobs, one after the other."""
        shares = [jobs[first :: cores()] for first in range(min(cores(), len(jobs)))]
        return _ended([_listed(share, words) for share in shares])

    return {
        IN_TURN: lambda run: sweep("1"),
        AT_ONCE: lambda run: sweep("auto"),
        APART: apart,
    }


def _listed(jobs: list[tuple[str, int]], words: list[str]) -> list[str]:
    """What Python is given to run these jobs one after the other, each as a run of its own."""
    code = (
        "import sys, json; from bench import program; program.quiet()\n"
        "import torch; torch.set_num_threads(1)\n"
        "from pathlib import Path\n"
        "for name, *words in json.loads(sys.argv[1]): program.run(*words, folder=Path(name))\n"
    )
    lists = [
        [f"multirun/bench/{strategy}-{seed}", f"strategy={strategy}", f"seed={seed}", *words[1:]]
        for strategy, seed in jobs
    ]
    return ["-c", code, json.dumps(lists)]


def _ended(commands: list[list[str]]) -> list[float]:
    """The accuracies that these commands end with, in order, in a folder that is removed again."""
    with tempfile.TemporaryDirectory() as folder:
        cache = os.environ.get("ASKWELL_CACHE", str(ROOT / ".cache" / "askwell"))
        environment = {**os.environ, "ASKWELL_CACHE": cache, "PYTHONPATH": str(ROOT)}
        processes = [
            Popen(
                [sys.executable, *([] if words[0] == "-c" else [str(ROOT / "train.py")]), *words],
                cwd=folder,
                env=environment,
                stdout=subprocess.DEVNULL,
            )
            for words in commands
        ]
        if codes := [process.returncode for process in processes if process.wait()]:
            raise RuntimeError(f"a process ended with {codes[0]}")
        runs = [json.loads(file.read_text()) for file in Path(folder).glob("multirun/*/*/run.json")]
    return sorted(run["accuracy"] for run in runs)


def _row(name: str, in_turn: Measurement, measured: Measurement) -> Row:
    if measured.results != in_turn.results:
        raise RuntimeError(f"{name} ends with other accuracies than {IN_TURN}")
    return {
        "sweep": name,
        "seconds": measured.median,
        "of jobs=1": measured.of(in_turn),
        "_runs": measured.seconds,
        "_accuracies": measured.results[0],
    }


if __name__ == "__main__":
    main()
