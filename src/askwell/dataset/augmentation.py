"""Augmentation of whole batches on the device, keyed by image: batching does not change what an image becomes."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

Augmentation = Callable[[Tensor, Tensor, int], Tensor]
"""(uint8 pixels [B, C, H, W], indices [B], key of the epoch) to pixels of the same shape and type."""

# Multipliers of the SplitMix64 generator (Steele et al., 2014), as signed 64-bit integers.
GOLDEN, MIX1, MIX2 = -7046029254386353131, -4658895280553007687, -7723592293110705685


def uniform(indices: Tensor, key: int, draw: int) -> Tensor:
    """One number in [0, 1) for each of `indices` [B]: a hash (SplitMix64) of index, `key` and `draw` (0 to 3) alone."""
    bits = (indices * 4 + draw) * GOLDEN + key
    bits = (bits ^ _shifted(bits, 30)) * MIX1
    bits = (bits ^ _shifted(bits, 27)) * MIX2
    return _shifted(bits ^ _shifted(bits, 31), 11).double() / 2**53


def _shifted(bits: Tensor, places: int) -> Tensor:
    """Logical shift to the right; torch's own keeps the sign."""
    return (bits >> places) & ((1 << (64 - places)) - 1)


@dataclass(frozen=True)
class ShiftAndFlip:
    """Moves each image by up to `shift` pixels each way, black coming in, and mirrors half of them if `flip`."""

    shift: int = 2
    flip: bool = False

    def __call__(self, pixels: Tensor, indices: Tensor, key: int) -> Tensor:
        height, width = pixels.shape[-2:]
        rows = torch.arange(height, device=pixels.device) + self._offsets(indices, key, 0)  # [B, H]
        columns = torch.arange(width, device=pixels.device) + self._offsets(indices, key, 1)  # [B, W]
        if self.flip:
            mirrored = (uniform(indices, key, 2) < 0.5).unsqueeze(1)
            columns = torch.where(mirrored, columns.flip(1), columns)
        image = torch.arange(len(pixels), device=pixels.device)[:, None, None]
        moved = pad(pixels, [self.shift] * 4).permute(0, 2, 3, 1)[image, rows.unsqueeze(2), columns.unsqueeze(1)]
        return moved.permute(0, 3, 1, 2)

    def _offsets(self, indices: Tensor, key: int, draw: int) -> Tensor:
        return (uniform(indices, key, draw) * (2 * self.shift + 1)).long().unsqueeze(1)
