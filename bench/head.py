"""Do heads on rows of an encoder make whole studies cheap? Ten seeds of twenty rounds on MNIST."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from askwell.machine import cores
from bench.leaderboard import reduce, rows_file
from bench.program import ROOT
from bench.publishing import Row, publish
from bench.timing import options, parsed

PHASES = ("train_seconds", "eval_seconds", "score_seconds")


def main() -> None:
    """Times a sweep, start and report included; the whole pool is scored every round."""
    parser = options(__doc__, seeds=10, rounds=20, strategy="sm", query_size=50)
    chosen = parsed(parser, seeds=2, rounds=3)
    reduce("mnist")
    words = [
        *("-m", "experiment=leaderboard", "protocol.candidates=null", "trainer=cpu", "logger=none"),
        *(f"embedding.{split}={rows_file('mnist', split)}" for split in ("train", "evaluation")),
        *(f"strategy={chosen.strategy}", f"seed=range({chosen.seeds})", f"rounds={chosen.rounds}"),
        *(f"query_size={chosen.query_size}", "name=bench"),
    ]
    title = f"{chosen.seeds} seeds of {chosen.rounds} rounds of heads on MNIST, {cores()} cores"
    publish("head", title, [measured(words) for _ in range(chosen.runs)], chosen)


def measured(words: list[str]) -> Row:
    """Seconds of the sweep, and the medians over all rounds of what a round spends on its parts."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        start = time.perf_counter()
        command = [sys.executable, str(ROOT / "train.py"), *words]
        subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - start
        files = list(Path(folder).glob("multirun/bench/*/rounds.jsonl"))
        rounds = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    parts = {name.replace("_", " "): median(line[name] for line in rounds) for name in PHASES}
    whole = median(sum(line[name] for name in PHASES) for line in rounds)
    return {"seconds": seconds, "seconds a round": whole, **parts, "_rounds": len(rounds)}


if __name__ == "__main__":
    main()
