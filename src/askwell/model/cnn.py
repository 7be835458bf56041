"""The networks of arXiv 2505.06825: convolution, batch norm, ReLU, pooling; then two layers."""

from collections import OrderedDict
from itertools import pairwise

from torch import nn

SMALL_ENOUGH = 12
"""The most pixels per side that the blocks leave for the fully connected layers."""


NARROWEST = 8
"""The fewest channels of a block, however many blocks halve them."""


class ConvolutionalNetwork(nn.Sequential):
    """`blocks` that halve the image and double the channels up to `width`, and a hidden layer.

    Returns logits [B, num_classes].

    With `blocks` None there are as many as the image needs: two for 28 pixels, three for 100.
    Without `norm` there is no batch norm, and the layers have a bias instead. `dropout` is the
    share of hidden units dropped in training.
    """

    def __init__(
        self,
        channels: int,
        image_size: int,
        num_classes: int,
        blocks: int | None,
        width: int,
        hidden: int,
        norm: bool = True,
        dropout: float = 0.0,
    ) -> None:
        blocks = blocks_for(image_size) if blocks is None else blocks
        widths = [
            channels,
            *(max(width >> halvings, NARROWEST) for halvings in reversed(range(blocks))),
        ]
        features = widths[-1] * (image_size >> blocks) ** 2
        super().__init__(
            OrderedDict(
                blocks=nn.Sequential(*(_block(*ends, norm) for ends in pairwise(widths))),
                flatten=nn.Flatten(),
                hidden=nn.Linear(features, hidden, bias=not norm),
                norm=nn.BatchNorm1d(hidden) if norm else nn.Identity(),
                relu=nn.ReLU(inplace=True),
                dropout=nn.Dropout(dropout) if dropout else nn.Identity(),
                logits=nn.Linear(hidden, num_classes),
            )
        )


def blocks_for(image_size: int) -> int:
    """How often `image_size` must be halved to be at most `SMALL_ENOUGH`."""
    return 0 if image_size <= SMALL_ENOUGH else 1 + blocks_for(image_size // 2)


def _block(channels: int, width: int, norm: bool) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, width, kernel_size=3, padding=1, bias=not norm),
        nn.BatchNorm2d(width) if norm else nn.Identity(),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
    )
