"""How many images a second can be scored, against others and against what the machine would
allow?
"""

import copy
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset, Subset
from torchvision.datasets import MNIST
from torchvision.transforms import Compose, Normalize, ToTensor

from askwell.acquisition import least_confidence
from askwell.dataset import OpenDataset
from askwell.model import Classifier
from askwell.randomness import generator
from askwell.scoring.frozen import FrozenNetwork
from askwell.scoring.scorer import Scorer, batch_size_for
from askwell.strategy import UncertaintySampling
from askwell.strategy.candidates import Candidates
from askwell.strategy.look import Look
from bench import limit, peers, program
from bench.publishing import Row, publish
from bench.timing import Contender, Measurement, in_turns, options, parsed

QUERY_SIZE = 128
OURS, COMPILED = "Askwell", "Askwell, compiled"
LOADER, LIGHTNING, BAAL = "torchvision DataLoader", "Lightning predict", "baal"
PRODUCTS, LIMIT = "limit: its products by torch.mm", "limit: a large torch.mm"
CPU = torch.device("cpu")


def main() -> None:
    """Times the choice of 128 out of all MNIST training images by least confidence."""
    parser = options("Pool scoring.", images=60_000, peer_workers=0, peer_batch_size=64)
    chosen = parsed(parser, images=2_048)
    program.quiet()
    opened = program.dataset("mnist").open()
    model = program.classifier(opened, "mnist").eval()
    workers, images = chosen.peer_workers, min(chosen.images, len(opened.train))
    contenders = _ours(opened, model, images) | _peers(
        opened, model, images, workers, chosen.peer_batch_size
    )
    limits = _limits(opened, model, images)
    measured = in_turns(
        contenders | {name: work for name, (work, _) in limits.items()}, chosen.runs, warm_up=True
    )

    worth = dict.fromkeys(contenders, float(images)) | {
        name: count for name, (_, count) in limits.items()
    }
    rates = {name: worth[name] / one.median for name, one in measured.items()}
    rows = [_row(name, rates, measured) for name in sorted(rates, key=lambda name: rates[name])]
    if not peers.BAAL_INSTALLED:
        rows.append({"contender": "baal is not installed: pip install askwell[bench]"})
    publish(
        "scoring",
        f"Scoring {images:,} MNIST images, {torch.get_num_threads()} threads",
        rows,
        chosen,
    )


def _ours(opened: OpenDataset, model: Classifier, images: int) -> dict[str, Contender]:
    def contender(compiled: bool) -> Contender:
        network = FrozenNetwork(model.network, compile=compiled)
        scorer = Scorer(network, batch_size_for(CPU, opened.train))

        def looks(indices: torch.Tensor, draws: int) -> Iterator[tuple[torch.Tensor, Look]]:
            return scorer.looks(opened.train, indices, "scoring")

        def score(_: int) -> list[int]:
            network.refresh()
            candidates = Candidates(torch.arange(images), looks)
            query = UncertaintySampling(least_confidence)(
                candidates, QUERY_SIZE, generator("query")
            )
            return query.positions.tolist()

        return score

    return {OURS: contender(compiled=False), COMPILED: contender(compiled=True)}


def _peers(
    opened: OpenDataset, model: Classifier, images: int, workers: int, batch_size: int
) -> dict[str, Contender]:
    plain = copy.deepcopy(model.network[1]).to(memory_format=torch.contiguous_format).eval()
    digits = _as_others_load_them(opened, images)
    ways = {LOADER: peers.loader_loop, LIGHTNING: peers.lightning}
    if peers.BAAL_INSTALLED:
        ways[BAAL] = peers.baal
    return {name: way(plain, digits, QUERY_SIZE, workers, batch_size) for name, way in ways.items()}


def _as_others_load_them(opened: OpenDataset, images: int) -> Dataset[Any]:
    transform = Compose([ToTensor(), Normalize(opened.mean.tolist(), opened.std.tolist())])
    digits = MNIST(Path(os.environ.get("ASKWELL_DATA", "data")), transform=transform)
    return digits if images == len(digits) else Subset(digits, range(images))


def _limits(opened: OpenDataset, model: Classifier, images: int) -> dict[str, Any]:
    batch = opened.train.fetch(np.arange(batch_size_for(CPU, opened.train)))
    return {
        PRODUCTS: limit.in_shape(model.network, batch, images),
        LIMIT: limit.at_full_speed(model.network, batch, images),
    }


def _row(name: str, rates: dict[str, float], measured: dict[str, Measurement]) -> Row:
    query, ours = measured[name].results[-1], measured[OURS].results[-1]
    return {
        "contender": name,
        "images/s": rates[name],
        "Askwell ×": rates[OURS] / rates[name],
        "compiled ×": rates[COMPILED] / rates[name],
        "of the limit": rates[name] / rates[LIMIT],
        "same query": None if query is None else f"{len(set(query) & set(ours))}/{len(ours)}",
        "_runs": measured[name].seconds,
    }


if __name__ == "__main__":
    main()
