"""What does a round cost as the pool grows? Time should grow with it, memory should not."""

import argparse
import json
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench.publishing import Row, publish
from bench.timing import options, parsed

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
NETWORK = ("model.network.blocks=0", "model.network.hidden=16")
"""Next to no network: a real one would hide what everything around it costs."""

PARTS = ("train_seconds", "eval_seconds", "score_seconds")
INTERVAL = 0.02  # seconds between two looks at the memory


class PeakMemory(threading.Thread):
    """Watches this process's own memory: what is mapped from files, such as a store, is not
    counted.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.bytes = 0
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(INTERVAL):
            self.bytes = max(self.bytes, anonymous_memory())

    def stop(self) -> int:
        """The most bytes there were."""
        self._stopped.set()
        self.join()
        return max(self.bytes, anonymous_memory())


def anonymous_memory() -> int:
    """Resident bytes of this process that no file on disk backs. Linux only."""
    lines = Path("/proc/self/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return sum(int(fields[name].split()[0]) * 1024 for name in ("RssAnon", "RssShmem"))


def main() -> None:
    """Times whole rounds on sparse pools, every size in a process of its own."""
    parser = options("The growth of the pool.", query_size=128)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="images in the pool")
    chosen = parsed(parser, sizes=SIZES[:2])
    rows = [_row(size, _measured_apart(size, chosen)) for size in chosen.sizes]
    for row, seconds in zip(
        rows, _linear(chosen.sizes, [row["seconds a round"] for row in rows]), strict=True
    ):
        row["off a straight line"] = row["seconds a round"] / seconds - 1
    publish("growth", "A round of a pool of 28 x 28 images", rows, chosen)


def _linear(sizes: Sequence[int], seconds: Sequence[float]) -> np.ndarray:
    """What rounds would take if they had a fixed cost and one an image: the line that is least off,
    relatively.
    """
    return np.polyval(np.polyfit(sizes, seconds, deg=1, w=1 / np.asarray(seconds)), sizes)


def _measured_apart(size: int, chosen: argparse.Namespace) -> dict[str, Any]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(measure, size, chosen.runs, chosen.query_size).result()


def measure(size: int, runs: int, query_size: int) -> dict[str, Any]:
    """Seconds of `runs` rounds that train, evaluate, score all and buy; the most memory in bytes;
    memory at the start.

    One more round comes last, which buys nothing and is not counted.
    """
    from bench import program

    program.quiet()
    before, peak = anonymous_memory(), PeakMemory()
    peak.start()
    with tempfile.TemporaryDirectory() as folder:
        program.run(
            *(
                "dataset=mnist",
                "dataset._target_=bench.sparse.SparseDataset",
                f"+dataset.images={size}",
            ),
            *(
                f"cache_dir={folder}/cache",
                *NETWORK,
                "strategy=lc",
                f"query_size={query_size}",
                f"rounds={runs + 1}",
            ),
            folder=Path(folder),
        )
        rounds = [
            json.loads(line) for line in (Path(folder) / "rounds.jsonl").read_text().splitlines()
        ]
    return {
        "rounds": [sum(round[part] for part in PARTS) for round in rounds[:runs]],
        "peak": peak.stop(),
        "before": before,
    }


def _row(size: int, measured: dict[str, Any]) -> Row:
    seconds = median(measured["rounds"])
    return {
        "pool": size,
        "seconds a round": seconds,
        "microseconds an image": 1e6 * seconds / size,
        "peak memory, MB": measured["peak"] / 1e6,
        "of it the packages, MB": measured["before"] / 1e6,
        "_rounds": measured["rounds"],
    }


if __name__ == "__main__":
    main()
