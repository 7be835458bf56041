"""Augmentation of whole batches on the device, keyed by image.

How images are batched does not change what an image becomes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import radians
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, interpolate, pad

from askwell.randomness import uniform

Augmentation = Callable[[Tensor, Tensor, int], Tensor]
"""(uint8 pixels [B, C, H, W], indices [B], key of the epoch) to pixels of the same shape and type.
"""


@dataclass(frozen=True)
class ShiftAndFlip:
    """Moves each image by up to `shift` pixels each way, and mirrors half of them if `flip`.

    Black fills the gaps.
    """

    shift: int = 2
    flip: bool = False

    def __call__(self, pixels: Tensor, indices: Tensor, key: int) -> Tensor:
        height, width = pixels.shape[-2:]
        rows = torch.arange(height, device=pixels.device) + self._offsets(indices, key, 0)  # [B, H]
        moves = self._offsets(indices, key, 1)
        columns = torch.arange(width, device=pixels.device) + moves  # [B, W]
        if self.flip:
            mirrored = (uniform(indices, key, 2) < 0.5).unsqueeze(1)
            columns = torch.where(mirrored, columns.flip(1), columns)
        image = torch.arange(len(pixels), device=pixels.device)[:, None, None]
        moved = pad(pixels, [self.shift] * 4).permute(0, 2, 3, 1)[
            image, rows.unsqueeze(2), columns.unsqueeze(1)
        ]
        return moved.permute(0, 3, 1, 2)

    def _offsets(self, indices: Tensor, key: int, draw: int) -> Tensor:
        return (uniform(indices, key, draw) * (2 * self.shift + 1)).long().unsqueeze(1)


@dataclass(frozen=True)
class AffineElastic:
    """Turns, shears, scales and moves each square image and bends it, black coming in.

    Angles are uniform up to `degrees` (turning) and `shear` (degrees) each way, the scale of each
    axis up to a fraction `scale` each way, moves up to `shift` pixels. The elastic part follows
    Simard et al. (2003), "Best Practices for Convolutional Neural Networks", with a bicubic field
    through `POINTS` x `POINTS` random moves of up to `elastic` pixels each way, in place of a
    blurred one.
    """

    degrees: float = 15
    shear: float = 10
    scale: float = 0.15
    shift: float = 2
    elastic: float = 2

    POINTS: ClassVar[int] = 5

    def __call__(self, pixels: Tensor, indices: Tensor, key: int) -> Tensor:
        numbers = torch.arange(6 + 2 * self.POINTS**2, device=pixels.device)
        draws = uniform(indices.unsqueeze(1), key, numbers).float() * 2 - 1
        # x before y, as in grids
        side = torch.tensor(pixels.shape[-2:], device=pixels.device).flip(0)
        grid = affine_grid(
            self._matrices(draws[:, :6], side), list(pixels.shape), align_corners=False
        )
        field = interpolate(
            draws[:, 6:].view(-1, 2, self.POINTS, self.POINTS), pixels.shape[-2:], mode="bicubic"
        )
        grid = grid + field.permute(0, 2, 3, 1) * (2 * self.elastic / side)
        return (
            grid_sample(pixels.float(), grid, align_corners=False)
            .round()
            .clamp(0, 255)
            .to(pixels.dtype)
        )

    def _matrices(self, draws: Tensor, side: Tensor) -> Tensor:
        """Maps of output to input places, [B, 2, 3], from numbers between -1 and 1, [B, 6]."""
        angle, shear = draws[:, 0] * radians(self.degrees), draws[:, 1] * radians(self.shear)
        across, along = 1 + draws[:, 2] * self.scale, 1 + draws[:, 3] * self.scale
        move = draws[:, 4:6] * (2 * self.shift / side)
        rows = [
            torch.stack([angle.cos() * across, -(angle + shear).sin() * along, move[:, 0]], 1),
            torch.stack([angle.sin() * across, (angle + shear).cos() * along, move[:, 1]], 1),
        ]
        return torch.stack(rows, 1)
