"""Copies of images that differ a little from them, made when they are fetched."""

import numpy as np
import torch
from torch import Tensor

from askwell.images.contracts import Images
from askwell.images.fingerprint import digest
from askwell.images.view import View
from askwell.randomness import key, uniform


class NearCopies(View):
    """The images at `indices` [N] of `images`; those in `copies` [N] are near-copies.

    A near-copy is moved by up to `shift` pixels along each axis, the edge repeated, and each of its
    values by up to `noise` levels of 255. Both depend on (seed, place) alone.
    """

    def __init__(
        self,
        images: Images,
        indices: np.ndarray,
        copies: np.ndarray,
        shift: int,
        noise: int,
        seed: int,
        truth: np.ndarray | None = None,
    ) -> None:
        super().__init__(images, indices, truth)
        self.copies, self.shift, self.noise, self.seed = copies, shift, noise, seed

    @property
    def fingerprint(self) -> str:
        """Changes with the images, the choice among them, and how copies differ."""
        return digest(super().fingerprint, *self.copies, self.shift, self.noise, self.seed)

    def fetch(self, indices: np.ndarray) -> Tensor:
        """The images at `indices` [B] of this view, as uint8 [B, C, H, W]."""
        pixels, copies = super().fetch(indices), np.flatnonzero(self.copies[indices])
        if not len(copies):
            return pixels
        rows = torch.from_numpy(copies).to(pixels.device)
        places = torch.from_numpy(np.asarray(indices, np.int64)[copies]).to(pixels.device)
        moved = shifted(pixels[rows], places, self.shift, key("shift", self.seed))
        pixels[rows] = disturbed(moved, places, self.noise, key("noise", self.seed))
        return pixels


def shifted(pixels: Tensor, places: Tensor, most: int, key: int) -> Tensor:
    """Images [B, C, H, W], each moved by a whole number of pixels from -`most` to `most`."""
    height, width = pixels.shape[-2:]
    down, right = (_whole(uniform(places, key, draw), most) for draw in (0, 1))
    rows = (torch.arange(height, device=pixels.device) - down[:, None]).clamp(0, height - 1)
    columns = (torch.arange(width, device=pixels.device) - right[:, None]).clamp(0, width - 1)
    image = torch.arange(len(pixels), device=pixels.device)[:, None, None]
    return pixels[image, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def disturbed(pixels: Tensor, places: Tensor, most: int, key: int) -> Tensor:
    """Images uint8 [B, C, H, W] with a whole number from -`most` to `most` added to each value."""
    values = pixels[0].numel()
    numbers = places[:, None] * values + torch.arange(values, device=pixels.device)
    noise = _whole(uniform(numbers, key, 0), most).view(pixels.shape)
    return (pixels.long() + noise).clamp(0, 255).to(torch.uint8)


def _whole(uniform: Tensor, most: int) -> Tensor:
    """Numbers in [0, 1) as whole ones from -`most` to `most`, equally likely."""
    return (uniform * (2 * most + 1)).long() - most
