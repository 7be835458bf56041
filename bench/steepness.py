"""How much larger a layer can make an image, as theorems on its weights.

Legend of axes: B images, K channels in, M channels out, J directions, F frequencies.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from bench.cheaper import norms

OWN = 1.001
"""More than the rounding of a bound that is computed in float32: the relative error of a sum of
6,272 squares is at most 0.0004.
"""
DIRECTIONS = 4
"""How many directions of channels are looked at by themselves."""
TINY = 1e-30
"""For a layer that is nothing at all."""
LEVELS = torch.logspace(-2, 1.5, 20, dtype=torch.float64)
"""How much larger than needed the flat part of a bound is tried."""


class Steepness(NamedTuple):
    """‖A x‖² ≤ flat ‖x‖² + steep ‖Vᵀ x‖², for images x and directions V of their channels.

    A zero-padded convolution A is a part of a convolution on a torus, which is diagonal by
    frequency: Σ over ω of x̂*Â*Âx̂. So the bound holds where Â(ω)*Â(ω) ⪯ flat I + steep V Vᵀ at
    every frequency ω of the torus. The few channel directions in which a layer is steep are told
    apart from the many in which it is not.
    """

    flat: float
    steep: float
    directions: Tensor  # [K, J], orthonormal

    def __call__(self, images: Tensor) -> Tensor:
        """The bound of ‖A x‖, for each of `images` [B, K, H, W]."""
        seen = images.permute(0, 2, 3, 1).flatten(0, 2) @ self.directions
        along = seen.view(len(images), -1).square().sum(dim=1)
        return OWN * (self.flat * norms(images).square() + self.steep * along).sqrt()


def steepness(weight: Tensor, side: int) -> Steepness:
    """The bound of a 3x3 convolution [M, K, 3, 3] of images of `side` pixels that is the lowest for
    images without a direction.
    """
    squares = _squares(weight, side)
    along = torch.linalg.eigh(torch.matrix_power(squares, 4).real.mean(dim=0))[1].flip(1)
    count = min(DIRECTIONS, len(along) - 1)
    few, rest = (part.to(squares.dtype) for part in (along[:, :count], along[:, count:]))
    of_rest, mixed, of_few = rest.T @ squares @ rest, few.T @ squares @ rest, few.T @ squares @ few
    least = torch.linalg.eigvalsh(of_rest).max().clamp(min=TINY)
    tried = [
        (flat := float(least * (1 + level)), _steep(flat, of_rest, mixed, of_few))
        for level in LEVELS
    ]
    flat, steep = min(tried, key=lambda pair: pair[0] + pair[1] * count / len(along))
    bound = flat * torch.eye(len(along)) + steep * (few @ few.T).real
    missing = float(torch.linalg.eigvalsh(squares - bound).max().clamp(min=0))
    return Steepness(OWN * (flat + missing), OWN * steep, few.real.float())


def _steep(flat: float, of_rest: Tensor, mixed: Tensor, of_few: Tensor) -> float:
    """The least that makes flat I + steep V Vᵀ large enough, by the Schur complement."""
    room = flat * torch.eye(of_rest.shape[-1], dtype=of_rest.dtype) - of_rest
    taken = mixed @ torch.linalg.solve(room, mixed.mH)
    needed = of_few + taken - flat * torch.eye(of_few.shape[-1], dtype=of_few.dtype)
    return float(torch.linalg.eigvalsh(needed).max().clamp(min=0))


def _squares(weight: Tensor, side: int) -> Tensor:
    """Â*Â at the frequencies of a torus of `side` + 2 pixels, [F, K, K]."""
    size = (side + 2, side + 2)
    frequencies = torch.fft.fft2(weight.double(), s=size).permute(2, 3, 0, 1).flatten(0, 1)
    return frequencies.mH @ frequencies


def convolution_norm(weight: Tensor, side: int) -> float:
    """The largest singular value of the convolution, from above."""
    return OWN * float(torch.linalg.eigvalsh(_squares(weight, side)).max().clamp(min=0).sqrt())


def linear_norm(weight: Tensor) -> float:
    """The largest singular value of a matrix, from above."""
    return OWN * float(torch.linalg.matrix_norm(weight.double(), ord=2))
