"""Which strategy needs the fewest labels? Heads on rows of an encoder, by data set and budget."""

import argparse
import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from hydra.utils import instantiate

from askwell.embedding.embedded import BLOCK
from askwell.files import write_whole
from bench import program
from bench.packing import Job, Packed, run_missing, share_of

FILE = Path(__file__).parents[1] / "results" / "leaderboard.jsonl"

DATASETS = {
    "cifar10": ("dataset=folder", "dataset.root={data}/cifar10", "dataset.image_size=32"),
    "fashion_mnist": ("dataset=fashion_mnist",),
    "fruits": ("dataset=fruits",),
    "mnist": ("dataset=mnist",),
}
ENCODER = "embedding=efficientnet_lite0"
FEATURES = 256
"""Principal components of the encoder's rows that heads and strategies see."""
CLASSES = 10
BUDGETS = (1, 5, 25)
"""Labels of each class at first, and the same in every query."""
STRATEGIES = (
    *("random", "lc", "entropy", "sm", "lm", "stochastic", "cluster_margin", "badge", "kcentre"),
    *("herding", "typiclust", "switch", "bait", "drop_query", "bald", "epig", "batch_bald"),
    "stratified",
)
SPLITS = ("train", "evaluation")


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
    program.quiet()
    for dataset in chosen.datasets:
        reduce(dataset)
    run_missing(Packed(FILE), share_of(jobs, chosen.share), overrides)


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
    name = str(job["dataset"])
    train, evaluation = (rows_file(name, split) for split in SPLITS)
    return [
        *("experiment=leaderboard", "hydra.mode=RUN", *dataset_settings(name), "trainer=cpu"),
        *(f"embedding.train={train}", f"embedding.evaluation={evaluation}"),
        f"strategy={job['strategy']}",
        f"seed={job['seed']}",
        f"query_size={int(job['budget']) * CLASSES}",
    ]


def rows_file(dataset: str, split: str) -> Path:
    """Where the rows of a split are kept."""
    return _folders()[1] / "leaderboard" / f"{dataset}-{split}.npy"


def reduce(dataset: str) -> None:
    """Writes the principal components of an encoder's rows, which are computed if need be."""
    files = [rows_file(dataset, split) for split in SPLITS]
    if all(file.exists() for file in files):
        return
    cfg = program.config(*dataset_settings(dataset), ENCODER)
    opened, embedding = instantiate(cfg.dataset).open(), instantiate(cfg.embedding)
    images = (opened.train, opened.evaluation)
    rows = [
        embedding.open(one, split, Path(cfg.cache_dir)).values
        for one, split in zip(images, SPLITS, strict=True)
    ]
    mean, axes = principal_axes(rows[0], FEATURES)
    for file, values in zip(files, rows, strict=True):
        parts = [(part - mean) @ axes for part in _blocks(values)]
        content = io.BytesIO()
        np.save(content, np.concatenate(parts).astype(np.float16))
        write_whole(file, content.getvalue())  # others may run a share of the jobs


def principal_axes(rows: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The mean [D] of rows [N, D], and the directions [D, count] in which they vary most."""
    mean = sum(part.sum(axis=0) for part in _blocks(rows)) / len(rows)
    spread = sum((part - mean).T @ (part - mean) for part in _blocks(rows))
    return mean, np.linalg.eigh(spread)[1][:, -count:][:, ::-1]


def _blocks(rows: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), BLOCK):
        yield rows[start : start + BLOCK].astype(np.float64)


def dataset_settings(name: str) -> list[str]:
    return [word.format(data=_folders()[0]) for word in DATASETS[name]]


@cache
def _folders() -> tuple[str, Path]:
    """Where data and caches are."""
    cfg = program.config()
    return str(cfg.data_dir), Path(cfg.cache_dir).absolute()


if __name__ == "__main__":
    main()
