"""Cheaper passes of the default network on grey 28 x 28 images, and what they leave for a bound.

Legend of axes: B images, K channels of the first block, M of the second, D features of an image
after the second block, H hidden units, C classes.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, linear

from askwell.model.max_pool import HalvingMaxPool, PooledConvolution
from askwell.scoring.frozen import FrozenNetwork

LEVELS = 255
"""Steps of an unsigned byte."""
STEPS = 127
"""Steps of a signed byte, on either side of zero."""
EXPONENT = 0x7F80
"""The bits of a bfloat16 number's exponent: alone they are the power of two below its size."""
HALF_STEP = 2.0**-8
"""Half a unit in the last place of a bfloat16 number, as a part of that power."""
PART = 32
"""Images of one part of the first block."""


class Layer(NamedTuple):
    """Weight and bias in float32; batch norm is folded in."""

    weight: Tensor
    bias: Tensor

    def to(self, dtype: torch.dtype) -> "Layer":
        return Layer(self.weight.to(dtype), self.bias.to(dtype))


class Layers(NamedTuple):
    """The network after its pixels were standardised."""

    first: Layer  # [K, 1, 3, 3]
    second: Layer  # [M, K, 3, 3]
    hidden: Layer  # [H, D], for features [M, height, width] in this order
    last: Layer  # [C, H]


class Pass(NamedTuple):
    """What a cheap pass knows of B images."""

    inputs: Tensor  # standardised pixels [B, 1, 28, 28]
    given: Tensor  # what the second block is given, as today's pass has it: [B, K, 14, 14]
    rounded: Tensor  # the same as the cheap pass has it, float32
    written: Tensor  # the rounding of the features as they are written: their norm is below it, [B]
    size: Tensor  # the norm of the features, [B]
    hidden: Tensor  # before its ReLU [B, H]
    logits: Tensor  # [B, C]


class Block(NamedTuple):
    """What the second block makes of what it is given."""

    rounded: Tensor  # [B, K, 14, 14]
    features: Tensor  # [B, M, 7, 7]
    written: Callable[[], Tensor] | None = None  # to [B]


def layers_of(frozen: FrozenNetwork) -> Layers:
    """A copy of the folded weights."""
    found = [
        Layer(module.weight.detach().clone(), module.bias.detach().clone())
        for module in frozen.copy.modules()
        if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None
    ]
    return Layers(*found)


class CheapNetwork(nn.Module):
    """Today's first block, a cheap second one, today's last two layers in float32."""

    def __init__(self, frozen: FrozenNetwork, layers: Layers, second: Any) -> None:
        super().__init__()
        self.standardise = frozen.network.get_submodule("0")
        convolution = nn.Conv2d(1, len(layers.first.weight), 3, padding=1)
        convolution.weight, convolution.bias = map(_fixed, layers.first)
        self.first = PooledConvolution(convolution.to(memory_format=torch.channels_last))
        self.second = second
        self.hidden, self.last = _interleaved(layers.hidden, len(layers.second.weight)), layers.last

    def given(self, inputs: Tensor) -> Tensor:
        """In parts that fit the caches: the same bits, in two thirds of the time."""
        return torch.cat([self.first(part).relu_() for part in inputs.split(PART)])

    def end(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden units before their ReLU [B, H], and logits [B, C]."""
        hidden = linear(features.permute(0, 2, 3, 1).flatten(1), *self.hidden)
        return hidden, linear(hidden.relu(), *self.last)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.end(self.second(self.given(self.standardise(pixels))).features)[1]

    @torch.inference_mode()
    def whole(self, pixels: Tensor) -> Pass:
        """The pass with what a bound asks for."""
        inputs = self.standardise(pixels)
        given = self.given(inputs)
        rounded, features, written = self.second(given)
        size = norms(features)
        nothing = torch.zeros_like(size)
        return Pass(
            *(inputs, given, rounded, nothing if written is None else written(), size),
            *self.end(features),
        )


class Float(nn.Module):
    """The second block as it is."""

    known: Tensor

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.weight, self.bias = _channels_last(layer.weight), layer.bias
        self.known = layer.weight
        self.pool = HalvingMaxPool()

    def forward(self, given: Tensor) -> Block:
        features = self.pool(conv2d(given, self.weight, self.bias, padding=1)).relu_()
        return Block(given, features)


class BFloat(nn.Module):
    """The second block's products of bfloat16; their sums are rounded to bfloat16 once, before the
    bias is added in float32.
    """

    known: Tensor

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.weight = _channels_last(layer.weight.bfloat16())
        self.known = self.weight.float()
        self.bias = layer.bias.view(1, -1, 1, 1)
        self.pool = HalvingMaxPool()

    def forward(self, given: Tensor) -> Block:
        half = given.bfloat16()
        sums = self.pool(conv2d(half, self.weight, padding=1))
        features = (sums.float() + self.bias).relu_()
        return Block(half, features, partial(half_steps, sums))


def half_steps(sums: Tensor) -> Tensor:
    """The norm of half a unit in the last place of each of the bfloat16 numbers [B, ...], [B].

    No number that was rounded to one of them was farther away.
    """
    powers = (sums.view(torch.int16) & EXPONENT).view(torch.bfloat16)
    return HALF_STEP * norms(powers)


class Bytes(nn.Module):
    """The second block's products of bytes, one scale for what it is given and one for each
    channel that it makes; sums are exact and leave as float32.
    """

    known: Tensor

    def __init__(self, layer: Layer, most: float) -> None:
        super().__init__()
        self.step = most / LEVELS
        self.steps = layer.weight.abs().amax(dim=(1, 2, 3)) / STEPS
        whole = (layer.weight / self.steps.view(-1, 1, 1, 1)).round().clamp(-STEPS, STEPS)
        self.known = whole * self.steps.view(-1, 1, 1, 1)
        self.packed = torch.ops.onednn.qconv_prepack(
            whole.to(torch.int8), self.steps, self.step, 0, [1, 1], [1, 1], [1, 1], 1, None
        )
        self.zeros = torch.zeros(len(self.steps), dtype=torch.int64)
        self.bias = layer.bias
        self.pool = HalvingMaxPool()

    def forward(self, given: Tensor) -> Block:
        whole = (given * (1 / self.step)).round_().clamp_(max=LEVELS).to(torch.uint8)
        sums = torch.ops.onednn.qconv2d_pointwise(
            *(whole, self.step, 0, self.packed, self.steps, self.zeros, self.bias),
            *([1, 1], [1, 1], [1, 1], 1, 1.0, 0, torch.float32, "none", [], ""),
        )
        return Block(whole.float() * self.step, self.pool(sums).relu_())


class Half(nn.Module):
    """Half of the second block's channels; the others are taken for their mean."""

    def __init__(self, layer: Layer, means: Tensor, kept: Tensor) -> None:
        super().__init__()
        self.weight, self.bias = _channels_last(layer.weight[kept]), layer.bias[kept]
        self.kept, self.means = kept, means
        self.pool = HalvingMaxPool()

    def forward(self, given: Tensor) -> Block:
        features = self.means.expand(len(given), -1, -1, -1).clone()
        found = self.pool(conv2d(given, self.weight, self.bias, padding=1)).relu_()
        features[:, self.kept] = found
        return Block(given, features)


def norms(rows: Tensor) -> Tensor:
    """The norm of each of B tensors, float32 [B]."""
    return rows.permute(0, 2, 3, 1).flatten(1).float().norm(dim=1)


def _fixed(tensor: Tensor) -> nn.Parameter:
    return nn.Parameter(tensor, requires_grad=False)


def _channels_last(weight: Tensor) -> Tensor:
    return weight.to(memory_format=torch.channels_last)


def _interleaved(layer: Layer, channels: int) -> Layer:
    """The layer for features in the order in which channels_last memory has them, [7, 7, M]."""
    units, features = layer.weight.shape
    by_channel = layer.weight.view(units, channels, features // channels)
    return Layer(by_channel.transpose(1, 2).reshape(units, features).contiguous(), layer.bias)
