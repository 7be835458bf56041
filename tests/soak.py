"""Soak: one logical run killed at random instants, then compared with a run that nothing happened
to. `make soak`.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import forked
from experiment import equal, record_of, weights_of

PROTOCOLS = {"paper": [], "retrain": ["protocol=retrain", "protocol.epochs_per_round=2"]}
RUN = [
    "name=run",
    "trainer=cpu",
    "logger=none",
    "query_size=10",
    "model.network.width=4",
    "model.network.hidden=8",
]
JITTER = 0.4
"""Seconds: longer than a round, so that every instant of one may be the last."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=90)
    parser.add_argument("--seed", type=int, default=0, help="of the instants")
    parser.add_argument("--protocol", choices=PROTOCOLS, default="retrain")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="askwell-soak-"))
    arguments = [*RUN, *PROTOCOLS[chosen.protocol], f"rounds={chosen.rounds}"]
    undisturbed, soaked = (folder / name for name in ("undisturbed", "soaked"))
    for place in (undisturbed, soaked):
        place.mkdir()
    if forked.finish(undisturbed, *arguments):
        sys.exit(f"the undisturbed run failed: see {undisturbed}/output.txt")
    kills = soak(soaked, arguments, chosen.rounds, chosen.kills, random.Random(chosen.seed))
    same = compare(soaked / "outputs" / "run", undisturbed / "outputs" / "run")
    print(
        f"{kills} kills in {chosen.rounds} rounds of {chosen.protocol}: "
        f"{'the same end' if same else 'ANOTHER END'}"
    )
    if not same or kills < chosen.kills:
        sys.exit(f"kept for a look: {folder}")
    shutil.rmtree(folder)


def soak(folder: Path, arguments: list[str], rounds: int, kills: int, dice: random.Random) -> int:
    """Runs to the end, killed as often as `kills` on the way there; the kills that met it alive."""
    met = 0
    for left in range(kills, 0, -1):
        done = rounds_of(folder)
        process = forked.start(folder, *arguments, "resume=true")
        wait(
            process,
            folder,
            done + dice.randint(0, 2 * (rounds - done) // (left + 1)),
            dice.uniform(0, JITTER),
        )
        process.kill()
        process.join()
        met += process.exitcode == -9
        print(f"kill {met}: {rounds_of(folder)} rounds", flush=True)
    if forked.finish(folder, *arguments, "resume=true"):
        sys.exit(f"the run failed: see {folder}/output.txt")
    return met


def wait(process: BaseProcess, folder: Path, rounds: int, jitter: float) -> None:
    """Waits until the run has recorded so many rounds, and a moment more."""
    while process.is_alive() and rounds_of(folder) < rounds:
        time.sleep(0.005)
    time.sleep(jitter)


def rounds_of(folder: Path) -> int:
    record = folder / "outputs" / "run" / "rounds.jsonl"
    return len(record.read_text().splitlines()) if record.exists() else 0


def compare(folder: Path, other: Path) -> bool:
    """Whether two runs left the same rounds, queries and weights."""
    return record_of(folder) == record_of(other) and equal(weights_of(folder), weights_of(other))


if __name__ == "__main__":
    main()
