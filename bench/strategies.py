"""What does a query cost? Every strategy on a million images, each in a process of its own."""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from hydra.utils import instantiate
from torch import Tensor

from askwell.machine import cores
from askwell.randomness import generator
from askwell.strategy import Candidates, Look
from bench import program
from bench.leaderboard import STRATEGIES
from bench.publishing import Row, publish
from bench.timing import options, parsed

QUESTION = "What does a query of 100 images cost, among a million of 256 features and 100 classes?"
CANDIDATES = {"epig": 10_000}
"""How many random candidates a strategy is shown whose costs grow with C²."""
CENTRES_PER_CLASS = 4
LABELLED = 1000
BATCH = 4096
SPREAD = 0.05
"""Deviation of the weights of a draw."""


def main() -> None:
    sizes = {"images": 1_000_000, "features": 256, "classes": 100, "query_size": 100}
    parser = options(__doc__, **sizes)
    parser.add_argument("--strategies", nargs="+", default=list(STRATEGIES))
    parser.add_argument("--rows", type=Path, help=argparse.SUPPRESS)  # what a child is given
    chosen = parsed(parser, images=20_000)
    if chosen.rows is not None:
        print(json.dumps(query(chosen.strategies[0], chosen)))
        return
    publish("strategies", QUESTION, list(measured(chosen, list(sizes))), chosen)


def measured(chosen: argparse.Namespace, sizes: list[str]) -> Iterator[Row]:
    """A row for each strategy, as its own process reports it."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.npy"
        write_rows(rows, chosen)
        given = [f"--{name.replace('_', '-')}={getattr(chosen, name)}" for name in sizes]
        for name in chosen.strategies:
            command = [sys.executable, "-m", "bench.strategies", *given]
            command += ["--rows", str(rows), "--strategies", name]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            yield json.loads(done.stdout.splitlines()[-1])


def write_rows(file: Path, chosen: argparse.Namespace) -> None:
    """Features [N, D] of four groups per class, with unit deviation around centres of deviation
    1/2, float16.
    """
    shape, count = (chosen.images, chosen.features), CENTRES_PER_CLASS * chosen.classes
    rows = np.lib.format.open_memmap(file, "w+", np.float16, shape)
    middles = torch.randn(count, chosen.features, generator=generator("centres")) / 2
    for start in range(0, chosen.images, BATCH):
        drawn = generator("rows", start)
        size = min(BATCH, chosen.images - start)
        group = torch.randint(count, (size,), generator=drawn)
        noise = torch.randn(size, chosen.features, generator=drawn)
        rows[start : start + size] = (middles[group] + noise).half().numpy()
    rows.flush()


def query(name: str, chosen: argparse.Namespace) -> Row:
    """Seconds of one query, all cores, and how far it raises the process's peak memory."""
    torch.set_num_threads(cores())
    strategy = instantiate(program.config(f"strategy={name}").strategy)
    known = torch.arange(0, chosen.images, chosen.images // LABELLED)[:LABELLED]
    free = torch.ones(chosen.images, dtype=torch.bool)
    free[known] = False
    pool = Pool(chosen.rows, chosen)
    indices = torch.nonzero(free).flatten()
    candidates = Candidates(indices, pool.looks, known, rows=pool.rows)
    candidates = candidates.sample(CANDIDATES.get(name, len(candidates)), generator("sample"))
    before, start = peak(), time.perf_counter()
    found = strategy(candidates, chosen.query_size, generator("query"))
    seconds = time.perf_counter() - start
    assert len(found.positions) == chosen.query_size
    return {
        "strategy": name,
        "candidates": len(candidates),
        "seconds": round(seconds, 1),
        "peak MB more": round(peak() - before),
        "_peak_megabytes": round(peak()),
    }


class Pool:
    """A network that is one layer on rows in a file, which are read a batch at a time."""

    def __init__(self, file: Path, chosen: argparse.Namespace) -> None:
        self.file, self.width = file, chosen.features
        self.offset = file.stat().st_size - chosen.images * chosen.features * 2
        layer = torch.randn(chosen.classes, chosen.features, generator=generator("layer"))
        self.layer = layer / chosen.features**0.5 * 4

    def rows(self, indices: Tensor) -> Tensor:
        """Float32 [N, D]."""
        into = torch.empty(len(indices), self.width)
        for part, rows in zip(indices.split(BATCH), into.split(BATCH), strict=True):
            rows.copy_(self._read(part))
        return into

    def looks(self, indices: Tensor, draws: int) -> Iterator[tuple[Tensor, Look]]:
        layers = self.layer
        if draws > 1:
            several = torch.randn(draws, *self.layer.shape, generator=generator("draws"))
            layers = (self.layer + SPREAD * several).flatten(end_dim=1)
        for positions in torch.arange(len(indices)).split(BATCH):
            rows = self._read(indices[positions])
            logits = rows @ layers.T
            yield (
                positions,
                Look(logits.view(len(rows), draws, -1) if draws > 1 else logits, rows),
            )

    def _read(self, indices: Tensor) -> Tensor:
        """Of a batch: the file's part from the first to the last, which does not stay in memory."""
        first, last = int(indices.min()), int(indices.max())
        if last - first > 4 * BATCH:
            mapped = np.memmap(self.file, np.float16, "r", self.offset).reshape(-1, self.width)
            return torch.from_numpy(mapped[indices.numpy()]).float()
        count = (last - first + 1) * self.width
        start = self.offset + first * self.width * 2
        block = np.fromfile(self.file, np.float16, count, offset=start).reshape(-1, self.width)
        return torch.from_numpy(block[indices.numpy() - first]).float()


def peak() -> float:
    """The most memory that this process has held, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    main()
