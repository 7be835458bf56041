"""Max pooling that is fast on a CPU, without gradients."""

from functools import reduce
from itertools import product

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, max_pool2d, pad


class HalvingMaxPool(nn.Module):
    """2x2 max pooling as two maxima: the same bits in less than half of a CPU's time.

    `max_pool2d` also finds the place of each maximum, which is not needed here.
    """

    def forward(self, images: Tensor) -> Tensor:
        if images.device.type != "cpu":
            return max_pool2d(images, 2)
        height, width = (size // 2 * 2 for size in images.shape[-2:])
        rows = torch.maximum(images[..., 0:height:2, :width], images[..., 1:height:2, :width])
        return torch.maximum(rows[..., 0::2], rows[..., 1::2])


@torch.library.custom_op("askwell::framed", mutates_args=())
def framed(images: Tensor) -> Tensor:
    """Images [B, C, H, W] with a frame of zeros.

    An operation of its own, or the compiler would compute it again for every pixel that is read.
    """
    return pad(images, (1, 1, 1, 1))


@framed.register_fake
def _(images: Tensor) -> Tensor:
    batch, channels, height, width = images.shape
    return images.new_empty(batch, channels, height + 2, width + 2)


class PooledConvolution(nn.Module):
    """A 3x3 convolution of grey images and its 2x2 max pooling, compiled to one loop on a CPU.

    Library convolutions write all channels to memory before they are pooled, which for a single
    channel in takes much longer than the arithmetic. Here each pooled pixel is the maximum of four
    sums of nine shifted pixels.
    """

    taps: Tensor

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.weight, self.bias = convolution.weight, convolution.bias
        self.register_buffer(
            "taps", convolution.weight.new_empty(9, len(convolution.weight)), persistent=False
        )
        self.refresh()

    @torch.no_grad()
    def refresh(self) -> None:
        """Takes over the present weights."""
        self.taps.copy_(self.weight.view(-1, 9).t())

    def forward(self, images: Tensor) -> Tensor:
        if torch.compiler.is_compiling():
            return self.sums(images)
        return HalvingMaxPool()(conv2d(images, self.weight, self.bias, padding=1))

    def sums(self, images: Tensor) -> Tensor:
        """Pooled [B, channels, H / 2, W / 2] of images [B, 1, H, W]."""
        height, width = (size // 2 * 2 for size in images.shape[-2:])
        grey = framed(images)[:, 0, :, :, None]
        pixels = {
            (down, right): grey[:, down : down + height : 2, right : right + width : 2]
            for down, right in product(range(4), repeat=2)
        }
        around = list(product(range(3), repeat=2))
        corners = [
            sum(
                pixels[top + down, left + right] * tap
                for (down, right), tap in zip(around, self.taps, strict=True)
            )
            for top, left in product(range(2), repeat=2)
        ]
        return (reduce(torch.maximum, corners) + self.bias).permute(0, 3, 1, 2)
