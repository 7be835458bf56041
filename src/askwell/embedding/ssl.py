"""An encoder that learns from the images of the pool themselves, without a label."""

import logging
from pathlib import Path
from time import process_time
from typing import Any

import torch
from filelock import FileLock
from torch import Tensor, nn

from askwell.embedding.base import Embeddings, Fingerprint
from askwell.embedding.contrast import Contrast, View
from askwell.embedding.pretrained import Normalisation, PretrainedNetwork
from askwell.embedding.pretraining import Pretraining
from askwell.embedding.store import AGAIN
from askwell.errors import UserError
from askwell.files import told_in_a_line
from askwell.images.contracts import Images
from askwell.images.fingerprint import digest
from askwell.randomness import key
from askwell.run.checkpoint import SafeCheckpointIO
from askwell.scoring.scorer import Track, unwatched

log = logging.getLogger(__name__)

FOLDER, LEARNED = "ssl", "encoder.ckpt"
AT_ONCE, MOST = 256, 10_000
"""Images in one pass, and in all, that the whitening is fitted to."""
FLOOR = 0.005
"""The share of the largest variance that is added to all: what hardly varies is noise."""
LARGEST = 32
"""Pixels a side to which larger images are shrunk, unless `size` says otherwise."""


class SelfSupervised:
    """A small convolutional network, pretrained by SimCLR on the images that `learn` is given.

    Its rows are whitened, or few directions would decide which images are near each other. They
    have D = 4 `width` numbers. Images larger than 32 pixels a side are shrunk to that, unless
    `size` says otherwise. `views` counts by its repr.

    What was learned is kept in the cache, by images and settings. One process learns and others
    wait for it; after a kill the next one continues, and ends with the same weights, on a CPU bit
    for bit.
    """

    def __init__(
        self,
        image_size: int,
        channels: int,
        views: View,
        epochs: int,
        batch_size: int,
        lr: float,
        temperature: float,
        width: int,
        size: int | None = None,
        precision: str | None = None,
        seed: int = 0,
        features: int | None = None,
    ) -> None:
        self._facts = (views, epochs, batch_size, lr, temperature, width, size, precision, seed)
        side = size or min(image_size, LARGEST)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(key("ssl weights", seed))
            trunk = small_trunk(channels, width)
            self._module = Contrast(trunk, 4 * width, views, lr, temperature, seed)
            self._whitening = nn.Linear(4 * width, 4 * width)
        self._pretraining = Pretraining(epochs, batch_size, side, precision, seed)
        # Batch norm makes up for what the images are not normalised by.
        plain = Normalisation((0.0,) * channels, (1.0,) * channels)
        network = nn.Sequential(trunk, self._whitening)
        self._encoder = PretrainedNetwork("ssl", network, side, plain)
        self.features = 4 * width
        self.seconds: float | None = None
        """Of processor time that learning took, in the process that ended it."""

    @property
    def network(self) -> nn.Sequential:
        """uint8 images [B, C, H, W] to rows [B, D], with random weights before `learn`."""
        return self._encoder.network

    @property
    def fingerprint(self) -> Fingerprint:
        """That of what was learned."""
        return self._encoder.fingerprint

    def __call__(self, images: Tensor) -> Tensor:
        """float16 [B, D] of uint8 images [B, C, H, W]."""
        return self._encoder(images)

    def learn(self, images: Images, of: Tensor, cache_dir: Path) -> None:
        """Takes the weights that were learned from the images at the indices `of`, and learns them
        first where they are not in the cache.

        Raises UserError where the cache cannot be written.
        """
        folder = cache_dir / FOLDER / digest(images.fingerprint, *of.tolist(), *self._facts)
        with told_in_a_line(folder, AGAIN):
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder / "lock"):
                kept = _kept(folder / LEARNED)
                if kept is None:
                    kept = self._learned(images, of, folder)
                    SafeCheckpointIO().save_checkpoint(kept, folder / LEARNED)
                    self._pretraining.clear(folder)
        self.load_state_dict(kept["weights"])
        self.seconds = kept["seconds"]

    def _learned(self, images: Images, of: Tensor, folder: Path) -> dict[str, Any]:
        start = process_time()
        self._pretraining(self._module, images, of, folder)
        self._whiten(images, of)
        return {"weights": self.state_dict(), "seconds": process_time() - start}

    @torch.inference_mode()
    def _whiten(self, images: Images, of: Tensor) -> None:
        """Fits the last layer to some of the images at the indices `of`."""
        evenly = torch.linspace(0, len(of) - 1, min(len(of), MOST)).long()
        nn.init.eye_(self._whitening.weight)
        nn.init.zeros_(self._whitening.bias)
        device = self._whitening.weight.device
        parts = [images.fetch(part.numpy()).to(device) for part in of[evenly].split(AT_ONCE)]
        weight, bias = whitening(torch.cat([self.network(part) for part in parts]))
        self._whitening.weight.copy_(weight)
        self._whitening.bias.copy_(bias)

    def state_dict(self) -> dict[str, Tensor]:
        """The weights, without those of what prepares the images."""
        return dict(self.network[-1].state_dict())

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.network[-1].load_state_dict(state)

    def open(
        self, images: Images, split: str, cache_dir: Path, track: Track = unwatched
    ) -> Embeddings:
        """The rows of a split, after `learn`."""
        return self._encoder.open(images, split, cache_dir, track)


def small_trunk(channels: int, width: int) -> nn.Module:
    """Images [B, channels, H, W] to rows [B, 4 width]: three convolutions and a mean."""
    return nn.Sequential(
        *_convolution(channels, width, kernel=5, stride=2),
        *_convolution(width, 2 * width),
        nn.MaxPool2d(2),
        *_convolution(2 * width, 4 * width),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )


def whitening(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Weight [D, D] and bias [D] of the linear layer that gives rows [N, D] mean 0 and, but for the
    floor, covariance 1, and moves them least (ZCA; Bell and Sejnowski, 1997).
    """
    mean = rows.double().mean(dim=0)
    centred = rows.double() - mean
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(rows))
    scale = (values.clamp(min=0) + FLOOR * values[-1] + torch.finfo(torch.float64).tiny).rsqrt()
    weight = (vectors * scale) @ vectors.T
    return weight.float(), (-weight @ mean).float()


def _convolution(channels: int, width: int, kernel: int = 3, stride: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(channels, width, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
    ]


def _kept(file: Path) -> dict[str, Any] | None:
    """What was learned, from a file; None where there is none, or a damaged one."""
    if not file.exists():
        return None
    try:
        kept: dict[str, Any] = SafeCheckpointIO().load_checkpoint(file)
    except UserError as error:
        log.warning("what was learned is damaged (%s), learning it again", error)
        return None
    return kept
