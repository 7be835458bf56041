"""What is learned from a pool without labels worth, by epochs, and what does it cost?"""

from functools import partial
from pathlib import Path
from statistics import mean, stdev

import torch
from hydra.utils import instantiate

from askwell.command.composing import composed
from askwell.command.embed import linear_head
from askwell.embedding.embedded import rows_of
from askwell.embedding.probe import accuracies
from bench import program
from bench.publishing import Row, publish
from bench.timing import options, parsed

LABELS = (10, 50, 100, 1000)


def main() -> None:
    """Trains the encoder of conf/embedding/ssl.yaml for each number of epochs, or takes it from the
    cache with the seconds that it took, and linear heads on its rows.
    """
    parser = options("Learning from a pool without labels.", dataset="mnist", epochs="1,3,10")
    parser.add_argument("overrides", nargs="*", help="settings, such as embedding.views.flip=true")
    chosen = parsed(parser, dataset="mnist_mini", epochs="1")
    program.quiet()
    words = [f"dataset={chosen.dataset}", "model=linear", "embedding=ssl", *chosen.overrides]
    rows = [_row(words, int(epochs)) for epochs in chosen.epochs.split(",")]
    named = f"ssl_{chosen.dataset}"
    question = f"Learning from {chosen.dataset} without labels: accuracy in % of a linear head"
    publish(named, f"{question}, {torch.get_num_threads()} threads", rows, chosen)


def _row(words: list[str], epochs: int) -> Row:
    cfg = composed([*words, f"embedding.epochs={epochs}"])
    dataset, encoder = instantiate(cfg.dataset).open(), instantiate(cfg.embedding)
    splits = ("train", "evaluation")
    rows = [rows_of(dataset, encoder, split, Path(cfg.cache_dir)) for split in splits]
    train, evaluation = (of_split for of_split in rows if of_split is not None)
    build = partial(linear_head, cfg)
    row: Row = {"epochs": epochs, "CPU seconds": encoder.seconds}
    for size in LABELS:
        found = [100 * share for share in accuracies(dataset, train, evaluation, size, build)]
        row |= {f"{size:,} labels": mean(found), f"_±{size}": stdev(found), f"_{size}": found}
    return row


if __name__ == "__main__":
    main()
