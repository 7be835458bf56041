"""How many images a second can be embedded, against the plain loop that a notebook has?"""

import copy
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from askwell.embedding.base import Encode
from askwell.embedding.efficientnet import efficientnet_lite0
from askwell.embedding.pretrained import PretrainedNetwork
from askwell.embedding.store import stored
from askwell.images.contracts import Images, truth_of
from bench import program
from bench.publishing import Row, publish
from bench.timing import Contender, Measurement, in_turns, options, parsed

OURS, UNFOLDED = "Askwell, into its file", "Askwell's network, not folded, into memory"
PLAIN = "plain loop, into memory"


class FirstImages:
    """The first of the images of a store."""

    def __init__(self, images: Images, count: int) -> None:
        self.images, self.count = images, min(count, len(images))
        self.truth, self.names = truth_of(images)[: self.count], None
        self.fingerprint = f"{images.fingerprint} {self.count}"

    def __len__(self) -> int:
        return self.count

    def fetch(self, indices: np.ndarray) -> Tensor:
        return self.images.fetch(indices)


def main() -> None:
    """Times the rows of EfficientNet-Lite0 for the first images of a data set."""
    parser = options("Embedding.", dataset="mnist_mini", images=2_048, size=96, plain_batch_size=64)
    chosen = parsed(parser, images=256)
    program.quiet()
    images = FirstImages(program.dataset(chosen.dataset).open().train, chosen.images)
    encoder = efficientnet_lite0(chosen.size, chosen.size)
    unfolded = copy.deepcopy(encoder.network).to(memory_format=torch.channels_last)
    contenders = {
        OURS: _ours(encoder, images),
        UNFOLDED: _loop(unfolded, images, chosen.plain_batch_size),
        PLAIN: _plain(encoder, chosen.size, images, chosen.plain_batch_size),
    }
    measured = in_turns(contenders, chosen.runs, warm_up=True)
    rows = [_row(name, measured, len(images)) for name in contenders]
    what = f"{len(images):,} images of {chosen.dataset} at {chosen.size} pixels"
    publish("embedding", f"Embedding {what}, {torch.get_num_threads()} threads", rows, chosen)


def _ours(encoder: PretrainedNetwork, images: Images) -> Contender:
    def embed(_: int) -> np.ndarray:
        with tempfile.TemporaryDirectory() as folder:
            return stored(encoder, images, Path(folder)).values.copy()

    return embed


def _plain(encoder: PretrainedNetwork, size: int, images: Images, batch_size: int) -> Contender:
    """Images one by one, stacked, resized and normalised in NCHW memory, the network as it is."""
    standardise, trunk = copy.deepcopy(encoder.network[1:]).to(
        memory_format=torch.contiguous_format
    )

    def network(pixels: Tensor) -> Tensor:
        pixels = pixels.contiguous().float() / 255
        resized = interpolate(pixels, size=size, mode="bicubic", antialias=True)
        return trunk(standardise(255 * resized.clamp(0, 1)))

    return _loop(network, images, batch_size, one_by_one=True)


def _loop(network: Encode, images: Images, batch_size: int, one_by_one: bool = False) -> Contender:
    def fetch(indices: np.ndarray) -> Tensor:
        if not one_by_one:
            return images.fetch(indices)
        return torch.stack([images.fetch(index[None])[0] for index in indices])

    @torch.no_grad()
    def embed(_: int) -> np.ndarray:
        blocks = np.array_split(np.arange(len(images)), -(-len(images) // batch_size))
        return np.concatenate([network(fetch(block)).half().numpy() for block in blocks])

    return embed


def _row(name: str, measured: dict[str, Measurement], images: int) -> Row:
    rate = images / measured[name].median
    ours, rows = (measured[one].results[-1].astype(np.float32) for one in (OURS, name))
    return {
        "contender": name,
        "images/s": rate,
        "plain loop ×": measured[PLAIN].of(measured[name]),
        "rows differ by": float(np.abs(ours - rows).max()),
        "_runs": measured[name].seconds,
    }


if __name__ == "__main__":
    main()
