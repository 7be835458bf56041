"""How many images should a forward pass take? The fastest sizes here are behind
askwell.scoring.scorer.PIXELS_AT_ONCE.
"""

import numpy as np
import torch

from askwell.scoring.frozen import FrozenNetwork
from askwell.scoring.scorer import batch_size_for
from bench import program
from bench.publishing import Row, publish
from bench.timing import Contender, Measurement, in_turns, options, parsed

SIZES = {"cpu": (4, 8, 16, 32, 64, 128, 256, 512), "cuda": (256, 512, 1024, 2048, 4096, 8192)}
DEFAULT = "default"


def main() -> None:
    """Times the forward pass over the images of a data set for each batch size."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    parser = options("The scoring batch size.", dataset="mnist", images=8_192, device=device)
    parser.add_argument("--compile", action="store_true", help="compile the network")
    chosen = parsed(parser, images=512)
    contenders, sizes = _contenders(
        chosen.dataset, chosen.images, torch.device(chosen.device), chosen.compile
    )
    measured = in_turns(contenders, chosen.runs, warm_up=True)
    scored = {
        name: -(-chosen.images // size) * size for name, size in sizes.items()
    }  # the last batch is a full one
    rates = {name: scored[name] / measured[name].median for name in sizes}
    rows = [_row(name, size, rates, measured) for name, size in sizes.items()]
    title = f"Scoring {chosen.dataset} on {chosen.device}{', compiled' if chosen.compile else ''}"
    name = f"batch_size_{chosen.dataset}_{chosen.device}{'_compiled' if chosen.compile else ''}"
    publish(name, title, rows, chosen)


def _contenders(
    name: str, images: int, device: torch.device, compiled: bool
) -> tuple[dict[str, Contender], dict[str, int]]:
    opened = program.dataset(name).open()
    model = program.classifier(opened, name).to(device).eval()

    def contender(size: int) -> Contender:
        # A network each, or the second size would be compiled for all.
        network = FrozenNetwork(model.network, compile=compiled)

        @torch.inference_mode()
        def score(_: int) -> None:
            for start in range(0, images, size):
                indices = np.arange(start, start + size) % len(opened.train)
                logits = network(opened.train.fetch(indices).to(device, non_blocking=True)).logits
            logits.cpu()  # waits for the device

        return score

    sizes = {str(size): size for size in SIZES[device.type] if size <= images}
    sizes[DEFAULT] = batch_size_for(device, opened.train)
    return {label: contender(size) for label, size in sizes.items()}, sizes


def _row(name: str, size: int, rates: dict[str, float], measured: dict[str, Measurement]) -> Row:
    return {
        "batch": name,
        "images at once": size,
        "images a second": rates[name],
        "of the default's speed": rates[name] / rates[DEFAULT],
        "_runs": measured[name].seconds,
    }


if __name__ == "__main__":
    main()
