"""Are the claims of arXiv 2505.06825 so? The runs behind RESULTS.md, small pools first."""

import argparse
import shlex
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bench import program
from bench.packing import Job, Packed, details, run_missing, share_of

FILE = Path(__file__).parents[1] / "results" / "claims.jsonl"
FIVE = ("random", "lc", "entropy", "sm", "lm")


class Sweep(NamedTuple):
    """Runs that are compared: settings as `python train.py` takes them, strategies and seeds.

    Of longer runs `rounds` are counted: a run of fewer rounds is the beginning of one with more.
    """

    settings: str
    strategies: Sequence[str] = FIVE
    seeds: Sequence[int] = range(10)
    rounds: int | None = None


FRUITS = "experiment=paper_fruits"
SIZES = "experiment=query_size batch_size"
COLD = "experiment=cold_start protocol.reset"
BINARY = "experiment=binary 'dataset.classes"
PAPER_MINI = "experiment=paper_mini"
BEGINNING = "experiment=bad_beginning"
TYPICAL = f"{BEGINNING} strategy@initial=typiclust"
UNSURE = ("lc", "entropy", "lm")
"""Strategies whose early queries are nearly of one class."""
SPREAD = ("stochastic", "stratified")
"""Strategies that spread what another one scores."""
WAYS = {
    "supervised": (("random", "sm", "badge", "typiclust", "herding"), (10, 50, 250)),
    "ssl": (("random", "sm", "badge", "typiclust", "herding"), (10, 50, 250)),
    "semi": (("random", "sm", "herding"), (10, 50)),
}
"""Ways of training: the strategies under each, and its labels per query."""

SMALL = {
    "mini": Sweep(PAPER_MINI),
    "k128": Sweep(f"{SIZES}=k128", ("random", "lc")),
    "k512": Sweep(f"{SIZES}=k512", ("random", "lc")),
    "k128_4_epochs": Sweep(f"{SIZES}=k128 protocol.epochs_per_round=4", ("random", "lc")),
    "k512_16_epochs": Sweep(f"{SIZES}=k512 protocol.epochs_per_round=16", ("random", "lc")),
    "stale_1": Sweep(PAPER_MINI, ("lc",), rounds=21),
    "stale_2": Sweep("experiment=staleness protocol.rescore_every=2", ("lc",)),
    "stale_5": Sweep("experiment=staleness protocol.rescore_every=5", ("lc",)),
    "stale_10": Sweep("experiment=staleness protocol.rescore_every=10", ("lc",)),
    "ceiling": Sweep("experiment=ceiling", ("random",)),
    "warm_1": Sweep(f"{COLD}=false protocol.epochs_per_round=1", ("random", "sm")),
    "cold_1": Sweep(f"{COLD}=true protocol.epochs_per_round=1", ("random", "sm")),
    "warm_10": Sweep(f"{COLD}=false protocol.epochs_per_round=10", ("random", "sm")),
    "cold_10": Sweep(f"{COLD}=true protocol.epochs_per_round=10", ("random", "sm")),
    "lost_cnn": Sweep(PAPER_MINI, ("sm",), rounds=17),
    "lost_cnn_certain": Sweep("experiment=lost_class model=cnn", ("certain",)),
    "lost_plain": Sweep("experiment=lost_class model=cnn_plain", ("sm", "certain")),
    "lost_sgd": Sweep("experiment=lost_class model=cnn_sgd", ("sm", "certain")),
    "noise_0": Sweep(PAPER_MINI, ("random", "lc"), rounds=17),
    "noise_5": Sweep("experiment=label_noise oracle.rate=0.05", ("random", "lc")),
    "noise_10": Sweep("experiment=label_noise oracle.rate=0.1", ("random", "lc")),
    "noise_20": Sweep("experiment=label_noise oracle.rate=0.2", ("random", "lc")),
    "zero_one": Sweep(f"{BINARY}=[0,1]'", ("random", "lc")),
    "four_nine": Sweep(f"{BINARY}=[4,9]'", ("random", "lc")),
}
"""On the 4,000 digits of mnist_mini; most take less than a minute per run on one thread."""

LARGE = {
    "begin": Sweep(BEGINNING, (*FIVE, "cluster_margin"), range(5)),
    "begin_typical": Sweep(TYPICAL, ("random", *UNSURE), range(5)),
    "begin_part": Sweep(f"{BEGINNING} protocol.candidates=1000", UNSURE, range(5)),
    **{
        f"begin_{one}": Sweep(f"{BEGINNING} strategy@strategy.strategy={one}", SPREAD, range(5))
        for one in UNSURE
    },
    **{
        f"{way}_{size}": Sweep(f"experiment=paradigm_{way} query_size={size}", names, range(3))
        for way, (names, sizes) in WAYS.items()
        for size in sizes
    },
    "four_nine_mnist": Sweep(f"{BINARY}=[4,9]' dataset=mnist", ("random", "lc"), range(5)),
    "apricot_peach": Sweep(f"{BINARY}=[Apricot,Peach]' dataset=fruits", ("random", "lc"), range(5)),
    "fruits_32": Sweep(f"{FRUITS} batch_size=k32 rounds=12", seeds=range(5)),
    "fruits": Sweep(FRUITS, seeds=range(5)),
    "cost_2": Sweep("experiment=scoring_cost 'dataset.classes=[0,1]'", ("lc",), range(3)),
    "cost_5": Sweep("experiment=scoring_cost 'dataset.classes=[0,1,2,3,4]'", ("lc",), range(3)),
    "cost_10": Sweep("experiment=scoring_cost", ("lc",), range(3)),
    "mnist": Sweep("experiment=paper_mnist", seeds=range(5)),
    "few_labels": Sweep("experiment=few_labels", ("random", "sm"), range(5)),
    "fashion": Sweep("experiment=harder", seeds=range(5)),
    "small_queries": Sweep("experiment=small_queries", ("random", "sm"), range(5)),
    "ceiling_mnist": Sweep(
        "experiment=ceiling dataset=mnist initial_size=60000", ("random",), range(5)
    ),
    "mnist_late": Sweep("experiment=paper_mnist rounds=100", seeds=(2, 3, 4)),
}
"""On the whole of MNIST and Fashion-MNIST, and on Fruits-360: minutes to half an hour per run."""

SWEEPS = SMALL | LARGE

CLAIMS = {
    1: ("mini", "mnist", "mnist_late"),
    2: ("fruits_32", "fruits"),
    3: ("zero_one", "four_nine", "four_nine_mnist", "apricot_peach"),
    4: ("mini", "k128", "k512", "k128_4_epochs", "k512_16_epochs"),
    5: ("lost_cnn", "lost_cnn_certain", "lost_plain", "lost_sgd"),
    6: ("mini", "mnist", "mnist_late"),
    7: ("noise_0", "noise_5", "noise_10", "noise_20"),
    8: ("fashion",),
    9: ("cost_2", "cost_5", "cost_10", "mini", "fruits", "mnist", "few_labels"),
    10: ("stale_1", "stale_2", "stale_5", "stale_10"),
    11: ("warm_1", "cold_1", "warm_10", "cold_10"),
    12: ("mini", "ceiling", "mnist", "ceiling_mnist", "small_queries"),
    13: ("few_labels",),
    14: ("begin", "begin_typical", "begin_part", *(f"begin_{one}" for one in UNSURE)),
    15: tuple(f"{way}_{size}" for way, (_, sizes) in WAYS.items() for size in sizes),
}
"""The sweeps of each claim. 14 is what helps where claim 1 finds some worse than random, 15 the way
of training beside the strategy.
"""
ENOUGH = 5
"""Seeds that a sweep needs to be shown, and that every one of a pool has before any has more."""


def main() -> None:
    """Runs the jobs that are missing, and packs each as it finishes."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--claims", nargs="+", type=int, default=list(CLAIMS), choices=CLAIMS)
    parser.add_argument("--sweeps", nargs="+", choices=SWEEPS, help="instead of whole claims")
    parser.add_argument("--seeds", type=int, help="of each sweep at most")
    parser.add_argument("--file", type=Path, default=FILE, help="where runs are packed")
    parser.add_argument("--share", default="0/1", help="k/n: every n-th job from the k-th on")
    chosen = parser.parse_args()
    names = chosen.sweeps or {name for claim in chosen.claims for name in CLAIMS[claim]}
    program.quiet()
    run_missing(
        Packed(chosen.file), share_of(jobs(names, chosen.seeds), chosen.share), overrides, details
    )


def jobs(names: Collection[str], most: int | None = None) -> list[Job]:
    """The jobs of these sweeps, each once, in the order in which they are worth most: small pools
    before large ones, and of each pool some seeds of every sweep before the others.
    """
    found = [
        job
        for sweeps in (SMALL, LARGE)
        for part in (slice(ENOUGH), slice(ENOUGH, None))
        for name, sweep in sweeps.items()
        if name in names
        for job in jobs_of(sweep, sweep.seeds[:most][part])
    ]
    return list({tuple(job.values()): job for job in found}.values())


def jobs_of(sweep: Sweep, seeds: Sequence[int]) -> Iterator[Job]:
    for seed in seeds:
        for strategy in sweep.strategies:
            yield {"settings": sweep.settings, "strategy": strategy, "seed": seed}


def overrides(job: Job) -> list[str]:
    """The settings of a job, as `python train.py` takes them, on one thread of a CPU."""
    fixed = ("hydra.mode=RUN", "trainer=cpu", "threads=1")
    one = (f"strategy={job['strategy']}", f"seed={job['seed']}")
    return [*shlex.split(str(job["settings"])), *fixed, *one]


if __name__ == "__main__":
    main()
