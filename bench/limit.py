"""What the machine would allow: the matrix products that a network comes down to, and nothing
else.
"""

from collections.abc import Callable
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

SIDE = 2048
"""Rows and columns of a matrix large enough for `torch.mm` to reach its full speed."""


def multiply_adds(network: nn.Module, images: Tensor) -> float:
    """Multiplications of one image of `images` [B, C, H, W] in convolutions and linear layers."""
    return sum(rows * inner * columns for rows, inner, columns in shapes(network, images)) / len(
        images
    )


def at_full_speed(
    network: nn.Module, images: Tensor, count: int
) -> tuple[Callable[[int], None], float]:
    """Work of `torch.mm` on large matrices, and for how many images its multiplications would be
    enough (≥ `count`).
    """
    needed = multiply_adds(network, images)
    repeats = -(-count * needed // SIDE**3)
    left, right = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    result = torch.empty(SIDE, SIDE)

    def multiply(_: int) -> None:
        for _ in range(int(repeats)):
            torch.mm(left, right, out=result)

    return multiply, repeats * SIDE**3 / needed


def in_shape(network: nn.Module, images: Tensor, count: int) -> tuple[Callable[[int], None], float]:
    """Work of `torch.mm` on matrices of the very shapes (im2col) of one batch, as often as `count`
    images take.
    """
    batches = -(-count // len(images))
    products = [
        (torch.randn(rows, inner), torch.randn(inner, columns), torch.empty(rows, columns))
        for rows, inner, columns in shapes(network, images)
    ]

    def multiply(_: int) -> None:
        for _ in range(batches):
            for left, right, result in products:
                torch.mm(left, right, out=result)

    return multiply, batches * len(images)


@torch.no_grad()
def shapes(network: nn.Module, images: Tensor) -> list[tuple[int, int, int]]:
    """(rows, inner, columns) of the product that each layer makes of a batch; a convolution's is
    that of im2col.
    """
    found: list[tuple[int, int, int]] = []

    def note(layer: Any, _: Any, output: Tensor) -> None:
        columns = layer.weight.shape[0]
        found.append((output.numel() // columns, prod(layer.weight.shape[1:]), columns))

    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(note) for layer in layers]
    try:
        network(images)
    finally:
        for hook in hooks:
            hook.remove()
    return found
