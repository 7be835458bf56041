"""A pretrained network without its last layer, as an encoder."""

from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from askwell.embedding.base import Embeddings, Fingerprint
from askwell.embedding.store import stored
from askwell.images.contracts import Images
from askwell.model.classifier import Standardise
from askwell.run.provenance import weights_digest
from askwell.scoring.frozen import FrozenNetwork
from askwell.scoring.scorer import Track, unwatched


class Normalisation(NamedTuple):
    """Of each channel, in units where white is 1."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


class Resize(nn.Module):
    """uint8 images [B, C, H, W] to `size` pixels a side, as floats from 0 to 255."""

    def __init__(self, size: int, interpolation: str = "bicubic") -> None:
        super().__init__()
        self.size, self.interpolation = size, interpolation

    def forward(self, images: Tensor) -> Tensor:
        resized = interpolate(
            images.float(), size=(self.size, self.size), mode=self.interpolation, antialias=True
        )
        return resized.clamp(0, 255)


class PretrainedNetwork:
    """`trunk`, which makes features [B, D] of normalised images [B, 3, size, size], and what must
    be done to images first.

    Grey images become three equal channels. `network` does all of it and can be trained; a call
    uses a frozen copy with batch norm folded into the convolutions.
    """

    def __init__(
        self,
        name: str,
        trunk: nn.Module,
        size: int,
        normalisation: Normalisation,
        interpolation: str = "bicubic",
    ) -> None:
        standardise = Standardise((len(normalisation.mean), 1, 1))
        standardise.fit(torch.tensor(normalisation.mean), torch.tensor(normalisation.std))
        self.network: nn.Sequential = nn.Sequential(
            Resize(size, interpolation), standardise, trunk
        ).eval()
        self._facts = name, size, f"{interpolation} {normalisation}"

    @cached_property
    def fingerprint(self) -> Fingerprint:
        """The name, the digest of the weights, the size and the normalisation."""
        name, size, normalisation = self._facts
        return Fingerprint(name, weights_digest(self.network.state_dict()), size, normalisation)

    @cached_property
    def features(self) -> int:
        """D."""
        with torch.inference_mode():
            return self.network(torch.zeros(1, 3, 8, 8, dtype=torch.uint8)).shape[1]

    @cached_property
    def _frozen(self) -> FrozenNetwork:
        return FrozenNetwork(self.network)

    def __call__(self, images: Tensor) -> Tensor:
        """float16 [B, D] of uint8 images [B, C, H, W], on the device of the images."""
        frozen = self._frozen
        frozen.copy.to(images.device)
        return frozen(images).logits.half()

    def open(
        self, images: Images, split: str, cache_dir: Path, track: Track = unwatched
    ) -> Embeddings:
        return stored(self, images, cache_dir, track)
