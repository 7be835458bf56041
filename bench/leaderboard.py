"""Which strategy needs the fewest labels? Heads on rows of an encoder, by data set and budget."""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import program
from bench.packing import Job, Packed

FILE = Path(__file__).parents[1] / "results" / "leaderboard.jsonl"

DATASETS = {
    "cifar10": ("dataset=folder", "dataset.root={data}/cifar10", "dataset.image_size=32"),
    "fruits": ("dataset=fruits",),
    "mnist": ("dataset=mnist",),
}
CLASSES = 10
BUDGETS = (1, 5, 25)
"""Labels of each class at first, and the same in every query."""
QUERIES = 20
STRATEGIES = (
    *("random", "lc", "entropy", "sm", "lm", "stochastic", "cluster_margin", "badge", "kcentre"),
    *("herding", "typiclust", "switch", "bait", "drop_query", "bald", "epig", "batch_bald"),
    "stratified",
)
SEEN = 10_000
"""Random candidates that every strategy sees of a larger pool."""


def main() -> None:
    """Runs the jobs that are missing, seed by seed, and packs each as it finishes."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--datasets", nargs="+", default=list(DATASETS), choices=DATASETS)
    parser.add_argument("--budgets", nargs="+", type=int, default=list(BUDGETS))
    parser.add_argument("--strategies", nargs="+", default=list(STRATEGIES))
    parser.add_argument("--share", default="0/1", help="k/n: every n-th job from the k-th on")
    chosen = parser.parse_args()
    jobs = list(board(chosen.datasets, chosen.budgets, chosen.strategies, chosen.seeds))
    first, step = map(int, chosen.share.split("/"))
    program.quiet()
    for job in Packed(FILE).missing(jobs[first::step]):
        with tempfile.TemporaryDirectory() as folder:
            accuracy = program.run(*overrides(job), folder=Path(folder))
            Packed(FILE).add(job, Path(folder))
        print(*job.values(), f"{accuracy:.4f}", flush=True)


def board(
    datasets: list[str], budgets: list[int], strategies: list[str], seeds: int
) -> Iterator[Job]:
    """The jobs, a whole board for each seed before the next."""
    for seed in range(seeds):
        for dataset in datasets:
            for budget in budgets:
                for strategy in strategies:
                    yield {
                        "dataset": dataset,
                        "budget": budget,
                        "strategy": strategy,
                        "seed": seed,
                    }


def overrides(job: Job) -> list[str]:
    """The settings of a job, as `python train.py` takes them."""
    data = str(program.config().data_dir)
    return [
        *(word.format(data=data) for word in DATASETS[str(job["dataset"])]),
        *("embedding=efficientnet_lite0", "model=linear", "protocol=head", "trainer=cpu"),
        f"strategy={job['strategy']}",
        f"seed={job['seed']}",
        f"query_size={int(job['budget']) * CLASSES}",
        f"rounds={QUERIES + 1}",
        f"protocol.candidates={SEEN}",
    ]


if __name__ == "__main__":
    main()
