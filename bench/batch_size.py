"""Which scoring batch size is the default of a device? The fastest here is what stands in askwell.scoring."""

import numpy as np
import torch

from askwell.model.frozen import FrozenNetwork
from askwell.scoring import batch_size_for
from bench import program
from bench.publishing import Row, publish
from bench.timing import Contender, Measurement, in_turns, options, parsed

SIZES = tuple(2**power for power in range(3, 14))


def main() -> None:
    """Times the forward pass over the images of a data set for each batch size."""
    parser = options("The scoring batch size.", dataset="mnist", images=8_192, device=_device())
    parser.add_argument("--compile", action="store_true", help="compile the network")
    chosen = parsed(parser, images=512)
    sizes = [size for size in SIZES if size <= chosen.images]
    contenders = _contenders(chosen.dataset, chosen.images, torch.device(chosen.device), chosen.compile, sizes)
    measured = in_turns(contenders, chosen.runs, warm_up=True)
    default = batch_size_for(torch.device(chosen.device))
    rows = [_row(size, chosen.images, measured, default) for size in sizes]
    title = f"Scoring {chosen.dataset} on {chosen.device}{', compiled' if chosen.compile else ''}: default {default}"
    publish("batch_size", title, rows, chosen)


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def _contenders(name: str, images: int, device: torch.device, compiled: bool, sizes: list[int]) -> dict[str, Contender]:
    opened = program.dataset(name).open()
    model = program.classifier(opened, name).to(device).eval()

    def contender(size: int) -> Contender:
        network = FrozenNetwork(
            model.network, compile=compiled
        )  # one each, or the second size would be compiled for all

        @torch.inference_mode()
        def score(_: int) -> None:
            for start in range(0, images, size):
                indices = np.arange(start, start + size) % len(opened.train)
                logits = network(opened.train.fetch(indices).to(device, non_blocking=True))
            logits.cpu()  # waits for the device

        return score

    return {str(size): contender(size) for size in sizes}


def _row(size: int, images: int, measured: dict[str, Measurement], default: int) -> Row:
    seconds = measured[str(size)]
    return {
        "batch size": size,
        "images a second": images / seconds.median,
        "of the default's speed": measured[str(default)].median / seconds.median if str(default) in measured else None,
        "_runs": seconds.seconds,
    }


if __name__ == "__main__":
    main()
