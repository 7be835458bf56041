"""Does Askwell choose the images that scikit-activeml and baal choose, how much sooner, and in how
much less memory?
"""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from askwell.machine import cores
from askwell.randomness import generator
from bench.mixture import Mixture
from bench.other_strategies import Work
from bench.publishing import Row, publish
from bench.strategy_cases import CASES, MOST, Case
from bench.timing import Contender, Measurement, in_turns, options, parsed

QUESTION = "Choosing as scikit-activeml 1.0.1 and baal 2.1 do: 256 features, 10 classes, 20 draws"
OURS, THEIRS = "Askwell", "peer"
SMALL = 200
"""Images on which both are tried before anything is measured."""


def main() -> None:
    """Measures every case, ours and theirs in turns, each in a process of its own."""
    parser = options(__doc__, images=MOST)
    parser.add_argument("--strategies", nargs="+", help="only these")
    chosen = parsed(parser, images=2_000)
    names = chosen.strategies or [case.strategy for case in CASES]
    rows = [
        row(replace(case, images=min(case.images, chosen.images)), number, chosen.runs)
        for number, case in enumerate(CASES)
        if case.strategy in names
    ]
    publish("strategy_peers", QUESTION, rows, chosen)


def row(case: Case, number: int, runs: int) -> Row:
    """What both did with the images of a case."""
    with contender(number, OURS, case.images) as one, contender(number, THEIRS, case.images) as it:
        processes = {OURS: one, THEIRS: it}
        works = {who: _run_in(process) for who, process in processes.items()}
        measured = in_turns(works, runs, fewer={THEIRS: min(case.turns, runs)})
        memory = {who: process.submit(raised).result() for who, process in processes.items()}
        shares = one.submit(profiled).result()
    return _figures(case, measured, memory) | {"_why": case.why, "_profile": shares}


def _run_in(process: ProcessPoolExecutor) -> Contender:
    return lambda _: process.submit(run).result()


def _figures(case: Case, measured: dict[str, Measurement], memory: dict[str, float]) -> Row:
    one, other = (measured[who].results[-1] for who in (OURS, THEIRS))
    common = f"{len(set(one) & set(other))}/{len(one)}"
    return {
        "strategy": case.strategy,
        "peer": case.peer,
        "images": case.images,
        "query": case.size,
        "Askwell, s": measured[OURS].median,
        "peer, s": measured[THEIRS].median,
        "times as fast": measured[THEIRS].of(measured[OURS]),
        "same images": "random" if case.random else common,
        "Askwell, MB": round(memory[OURS]),
        "peer, MB": round(memory[THEIRS]),
        "_in the same order": None if case.random else one == other,
        "_chosen": {OURS: one, THEIRS: other},
        "_runs": {who: found.seconds for who, found in measured.items()},
    }


@contextmanager
def contender(number: int, who: str, images: int) -> Iterator[ProcessPoolExecutor]:
    """A process that is ready to choose."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        process.submit(prepare, number, who, images).result()
        yield process


_process: dict[str, Any] = {}
"""What a contender's process keeps between runs: its work, and the memory that it began with."""


def prepare(number: int, who: str, images: int) -> None:
    """Makes the pool; chooses a few of a small one first, so that everything is imported."""
    torch.set_num_threads(cores())
    case, work = CASES[number], _ours if who == OURS else _theirs
    work(case, Mixture(min(images, SMALL)))()
    _process["work"] = work(case, Mixture(images))
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew (Linux)
    _process["before"] = _megabytes("VmRSS")


def _ours(case: Case, mixture: Mixture) -> Work:
    def work() -> list[int]:
        candidates = mixture.candidates()
        query = case.ours(candidates, case.size, generator("query"))
        return candidates.indices[query.positions].tolist()

    return work


def _theirs(case: Case, mixture: Mixture) -> Work:
    return case.theirs(mixture, case.size)


def run() -> list[int]:
    """The indices of the images chosen."""
    return _process["work"]()


def raised() -> float:
    """By how many megabytes the runs so far have raised the process's memory."""
    return _megabytes("VmHWM") - _process["before"]


def _megabytes(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(field))


def profiled() -> str:
    """The operations in which a run spends most of its time, with their shares."""
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        run()
    times = {event.key: event.self_cpu_time_total for event in seen.key_averages()}
    total, largest = sum(times.values()), sorted(times, key=lambda key: -times[key])[:4]
    return ", ".join(f"{key.removeprefix('aten::')} {times[key] / total:.0%}" for key in largest)


if __name__ == "__main__":
    main()
