"""Random views of images: how an image may look without being another one."""

from dataclasses import dataclass

import torch
from torch import Tensor

from askwell.batches.augmentation import AffineElastic
from askwell.randomness import uniform

FIRST = 6 + 2 * AffineElastic.POINTS**2
"""The first draw that the geometric part leaves."""


@dataclass(frozen=True)
class RandomView(AffineElastic):
    """An `AffineElastic` view that is then mirrored, lit otherwise and covered in part.

    Half of the images are mirrored if `flip`: right for clothes, wrong for digits. `light` is the
    largest exponent of gamma each way, on a logarithmic scale, and the largest share of the
    brightness taken away. `cover` is the side of a black square, as a share of the image's; its
    centre is uniform over the image (DeVries and Taylor, 2017, arXiv 1708.04552).
    """

    flip: bool = False
    light: float = 0.0
    cover: float = 0.35

    def __call__(self, pixels: Tensor, indices: Tensor, key: int) -> Tensor:
        viewed = super().__call__(pixels, indices, key)
        draws = [uniform(indices, key, FIRST + draw).float() for draw in range(5)]
        if self.flip:
            viewed = torch.where(_each(draws[0] < 0.5), viewed.flip(3), viewed)
        if self.light:
            viewed = self._lit(viewed, draws[1], draws[2])
        return viewed.masked_fill(self._covered(viewed, draws[3], draws[4]), 0)

    def _lit(self, pixels: Tensor, bend: Tensor, dim: Tensor) -> Tensor:
        gamma, brightness = ((2 * bend - 1) * self.light).exp(), 1 - dim * self.light
        lit = (pixels.float() / 255) ** _each(gamma) * _each(brightness)
        return (255 * lit).round().to(pixels.dtype)

    def _covered(self, pixels: Tensor, down: Tensor, across: Tensor) -> Tensor:
        """Which pixels the square hides, [B, 1, H, W]."""
        hidden = []
        for side, place in zip(pixels.shape[-2:], (down, across), strict=True):
            away = torch.arange(side, device=pixels.device) + 0.5 - side * place.unsqueeze(1)
            hidden.append(away.abs() < self.cover * side / 2)  # [B, side]
        return (hidden[0].unsqueeze(2) & hidden[1].unsqueeze(1)).unsqueeze(1)


def _each(values: Tensor) -> Tensor:
    """One value for each image, [B, 1, 1, 1]."""
    return values.view(-1, 1, 1, 1)
