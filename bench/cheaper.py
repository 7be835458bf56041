"""Cheaper passes of the default network on grey 28 x 28 images, and what they leave for a bound.

Legend of axes: B images, K channels of the first block, M of the second, D features of an image
after the second block, H hidden units, C classes.
"""

from collections.abc import Callable
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
    features: Tensor  # after the second block [B, D]
    hidden: Tensor  # before its ReLU [B, H]
    logits: Tensor  # [B, C]


def layers_of(frozen: FrozenNetwork) -> Layers:
    """A copy of the folded weights."""
    found = [
        Layer(module.weight.detach().clone(), module.bias.detach().clone())
        for module in frozen.copy.modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    ]
    return Layers(*found)


Second = Callable[[Tensor], Tensor]
"""What the second block is given, float32 [B, K, 14, 14], to features [B, M, 7, 7]."""


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
        return self.first(inputs).relu_()

    def end(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden units before their ReLU [B, H], and logits [B, C]."""
        hidden = linear(features.permute(0, 2, 3, 1).flatten(1), *self.hidden)
        return hidden, linear(hidden.relu(), *self.last)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.end(self.second(self.given(self.standardise(pixels))))[1]

    @torch.inference_mode()
    def whole(self, pixels: Tensor) -> Pass:
        """The pass with what a bound asks for."""
        inputs = self.standardise(pixels)
        given = self.given(inputs)
        features, rounded = self.second(given), self.second.rounded(given)
        return Pass(inputs, given, rounded, features.flatten(1), *self.end(features))


class Float(nn.Module):
    """The second block as it is."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.weight, self.bias = _channels_last(layer.weight), layer.bias
        self.known = layer.weight
        self.pool = HalvingMaxPool()

    def rounded(self, given: Tensor) -> Tensor:
        return given

    def forward(self, given: Tensor) -> Tensor:
        return self.pool(conv2d(given, self.weight, self.bias, padding=1)).relu_()


class BFloat(nn.Module):
    """The second block's products of bfloat16; their sums are rounded to bfloat16 once, before the
    bias is added in float32.
    """

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.weight = _channels_last(layer.weight.bfloat16())
        self.known = self.weight.float()
        self.bias = layer.bias.view(1, -1, 1, 1)
        self.pool = HalvingMaxPool()

    def rounded(self, given: Tensor) -> Tensor:
        return given.bfloat16().float()

    def forward(self, given: Tensor) -> Tensor:
        sums = self.pool(conv2d(given.bfloat16(), self.weight, padding=1))
        return (sums.float() + self.bias).relu_()


class Bytes(nn.Module):
    """The second block's products of bytes, one scale for what it is given and one for each
    channel that it makes; sums are exact and leave as float32.
    """

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

    def bytes(self, given: Tensor) -> Tensor:
        return (given * (1 / self.step)).round_().clamp_(max=LEVELS).to(torch.uint8)

    def rounded(self, given: Tensor) -> Tensor:
        return self.bytes(given).float() * self.step

    def forward(self, given: Tensor) -> Tensor:
        sums = torch.ops.onednn.qconv2d_pointwise(
            *(self.bytes(given), self.step, 0, self.packed, self.steps, self.zeros, self.bias),
            *([1, 1], [1, 1], [1, 1], 1, 1.0, 0, torch.float32, "none", [], ""),
        )
        return self.pool(sums).relu_()


class Half(nn.Module):
    """Half of the second block's channels; the others are taken for their mean."""

    def __init__(self, layer: Layer, means: Tensor, kept: Tensor) -> None:
        super().__init__()
        self.weight, self.bias = _channels_last(layer.weight[kept]), layer.bias[kept]
        self.kept, self.means, self.known = kept, means, layer.weight
        self.pool = HalvingMaxPool()

    def rounded(self, given: Tensor) -> Tensor:
        return given

    def forward(self, given: Tensor) -> Tensor:
        features = self.means.expand(len(given), -1, -1, -1).clone()
        found = self.pool(conv2d(given, self.weight, self.bias, padding=1)).relu_()
        features[:, self.kept] = found
        return features


def _fixed(tensor: Tensor) -> nn.Parameter:
    return nn.Parameter(tensor, requires_grad=False)


def _channels_last(weight: Tensor) -> Tensor:
    return weight.to(memory_format=torch.channels_last)


def _interleaved(layer: Layer, channels: int) -> Layer:
    """The layer for features in the order in which channels_last memory has them, [7, 7, M]."""
    units, features = layer.weight.shape
    by_channel = layer.weight.view(units, channels, features // channels)
    return Layer(by_channel.transpose(1, 2).reshape(units, features).contiguous(), layer.bias)
